/*
 * scenarios.c - every rule as an example. What must an engine answer?
 *
 * How: a table of scripts (scenario.h says how they read), grouped by the rule they show. What it
 * cannot see: rules in combinations that nobody thought of; the hostile flows are for those.
 */
#include "engine-under-test/scenario.h"

#define L3 EUT_CAP_L3
#define L2 EUT_CAP_L2

const struct eut_scenario eut_scenarios[] = {
    /* ---- 1: price, then time ---- */
    {"a day order rests", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,101,6 > A,0,11,101,6\n"
     "= 0,B,100,10,1,5\n"
     "= 0,S,101,11,1,6\n"},
    {"a buy trades at the maker's lower price and closes without an event", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,B,L,D,105,5 > T,0,11,10,100,5\n"},
    {"a sell trades at the maker's higher price", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,105,5 > A,0,10,105,5\n"
     "N,0,2,11,S,L,D,100,5 > T,0,11,10,105,5\n"},
    {"a buy meets the lowest ask first", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,102,5 > A,0,10,102,5\n"
     "N,0,1,11,S,L,D,100,5 > A,0,11,100,5\n"
     "N,0,1,12,S,L,D,101,5 > A,0,12,101,5\n"
     "N,0,2,13,B,L,D,102,12 > T,0,13,11,100,5 > T,0,13,12,101,5 > T,0,13,10,102,2\n"
     "= 0,S,102,10,1,3\n"},
    {"a sell meets the highest bid first", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,B,L,D,102,5 > A,0,11,102,5\n"
     "N,0,1,12,B,L,D,101,5 > A,0,12,101,5\n"
     "N,0,2,13,S,L,D,100,12 > T,0,13,11,102,5 > T,0,13,12,101,5 > T,0,13,10,100,2\n"
     "= 0,B,100,10,1,3\n"},
    {"within a price the oldest order trades first", "1", L3, 1, 0, 0, 0,
     "N,0,1,12,S,L,D,100,5 > A,0,12,100,5\n"
     "N,0,2,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,3,11,S,L,D,100,5 > A,0,11,100,5\n"
     "N,0,4,13,B,L,D,100,12 > T,0,13,12,100,5 > T,0,13,10,100,5 > T,0,13,11,100,2\n"
     "= 0,S,100,11,3,3\n"},
    {"a partly filled maker keeps its place", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,B,L,D,100,5 > A,0,11,100,5\n"
     "N,0,3,12,S,L,D,100,2 > T,0,12,10,100,2\n"
     "N,0,3,13,S,L,D,100,4 > T,0,13,10,100,3 > T,0,13,11,100,1\n"
     "= 0,B,100,11,2,4\n"},
    {"a cancelled order leaves the queue's order alone", "1", L3, 1, 0, 0, 0,
     "*5 N,0,1,$,S,L,D,100,1 > A,0,$,100,1\n"
     "C,0,1,1 > X,0,1,1,user\n"
     "C,0,1,3 > X,0,3,1,user\n"
     "C,0,1,5 > X,0,5,1,user\n"
     "N,0,1,6,S,L,D,100,1 > A,0,6,100,1\n"
     "N,0,2,9,B,L,I,100,9 > T,0,9,2,100,1 > T,0,9,4,100,1 > T,0,9,6,100,1 > X,0,9,6,ioc\n"},
    {"a limit is a limit", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,101,5 > A,0,10,101,5\n"
     "N,0,2,11,B,L,D,100,5 > A,0,11,100,5\n"
     "N,0,2,12,B,L,I,100,5 > X,0,12,5,ioc\n"
     "N,0,2,13,S,L,I,101,5 > X,0,13,5,ioc\n"
     "= 0,B,100,11,2,5\n"
     "= 0,S,101,10,1,5\n"},
    {"what a day order could not trade rests at its own price", "1, 2", L3, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,102,5 > A,0,11,102,5\n"
     "N,0,2,12,B,L,D,101,8 > T,0,12,10,100,5 > A,0,12,101,3\n"
     "N,0,3,13,S,L,D,101,4 > T,0,13,12,101,3 > A,0,13,101,1\n"
     "= 0,S,101,13,3,1\n"
     "= 0,S,102,11,1,5\n"},
    {"a level comes back behind nothing after it was emptied", "1", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "C,0,1,10 > X,0,10,5,user\n"
     "N,0,1,11,B,L,D,99,5 > A,0,11,99,5\n"
     "N,0,1,12,B,L,D,100,5 > A,0,12,100,5\n"
     "N,0,2,13,S,L,D,99,6 > T,0,13,12,100,5 > T,0,13,11,99,1\n"
     "= 0,B,99,11,1,4\n"},
    {"markets do not meet", "1, 10", L3, 3, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,1,2,10,B,L,D,100,5 > A,1,10,100,5\n"
     "N,2,3,10,S,L,D,99,5 > A,2,10,99,5\n"
     "N,1,4,11,S,L,D,100,9 > T,1,11,10,100,5 > A,1,11,100,4\n"
     "= 0,S,100,10,1,5\n"
     "= 1,S,100,11,4,4\n"
     "= 2,S,99,10,3,5\n"},

    /* ---- 2: what is left ---- */
    {"immediate or cancel: the rest is cancelled", "2", L3, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,B,L,I,100,8 > T,0,11,10,100,5 > X,0,11,3,ioc\n"},
    {"immediate or cancel: nothing to trade with", "2", L3, 1, 0, 0, 0,
     "N,0,2,11,B,L,I,100,8 > X,0,11,8,ioc\n"
     "N,0,2,11,S,L,I,100,8 > X,0,11,8,ioc\n"},
    {"immediate or cancel: filled at once", "2", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,9 > A,0,10,100,9\n"
     "N,0,2,11,S,L,I,100,8 > T,0,11,10,100,8\n"
     "= 0,B,100,10,1,1\n"},
    {"a market order trades at any price", "1, 2", L3, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,1,5 > A,0,10,1,5\n"
     "N,0,1,11,S,L,D,2147483647,5 > A,0,11,2147483647,5\n"
     "N,0,2,12,B,M,I,0,12 > T,0,12,10,1,5 > T,0,12,11,2147483647,5 > X,0,12,2,ioc\n"
     "N,0,1,13,B,L,D,2147483647,5 > A,0,13,2147483647,5\n"
     "N,0,1,14,B,L,D,1,5 > A,0,14,1,5\n"
     "N,0,2,15,S,M,I,0,7 > T,0,15,13,2147483647,5 > T,0,15,14,1,2\n"
     "= 0,B,1,14,1,3\n"},
    {"a market order for the day is immediate or cancel", "2", L3, 1, 0, 0, 0,
     "N,0,2,11,B,M,D,0,8 > X,0,11,8,ioc\n"
     "N,0,1,12,B,L,D,7,3 > A,0,12,7,3\n"
     "N,0,2,11,S,M,D,0,8 > T,0,11,12,7,3 > X,0,11,5,ioc\n"},

    /* ---- 3: fill or kill ---- */
    {"fill or kill: fills exactly", "3", L3 | EUT_CAP_FOK, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,101,5 > A,0,11,101,5\n"
     "N,0,2,12,B,L,F,101,10 > T,0,12,10,100,5 > T,0,12,11,101,5\n"},
    {"fill or kill: one lot short kills it whole", "3", L3 | EUT_CAP_FOK, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,101,5 > A,0,11,101,5\n"
     "N,0,2,12,B,L,F,101,11 > X,0,12,11,fok\n"
     "= 0,S,100,10,1,5\n"
     "= 0,S,101,11,1,5\n"},
    {"fill or kill: makers beyond the limit do not count", "3", L3 | EUT_CAP_FOK, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,B,L,D,99,5 > A,0,11,99,5\n"
     "N,0,2,12,S,L,F,100,6 > X,0,12,6,fok\n"
     "N,0,2,12,S,L,F,99,6 > T,0,12,10,100,5 > T,0,12,11,99,1\n"
     "= 0,B,99,11,1,4\n"},
    {"fill or kill: an empty book kills", "3", L3 | EUT_CAP_FOK, 1, 0, 0, 0,
     "N,0,2,12,S,L,F,100,6 > X,0,12,6,fok\n"},
    {"fill or kill at market", "3", L3 | EUT_CAP_FOK, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,B,L,D,1,5 > A,0,11,1,5\n"
     "N,0,2,12,S,M,F,0,11 > X,0,12,11,fok\n"
     "N,0,2,12,S,M,F,0,10 > T,0,12,10,100,5 > T,0,12,11,1,5\n"},
    {"fill or kill: sums beyond 32 bits", "3", L3 | EUT_CAP_FOK, 1, 0, 0, 0,
     "*3 N,0,1,$,S,L,D,100,4294967295 > A,0,$,100,4294967295\n"
     "N,0,2,9,B,L,F,100,4294967295 > T,0,9,1,100,4294967295\n"
     "N,0,3,8,B,L,I,100,1 > T,0,8,2,100,1\n"
     "N,0,2,9,B,L,F,100,4294967295 > T,0,9,2,100,4294967294 > T,0,9,3,100,1\n"
     "= 0,S,100,3,1,4294967294\n"},
    {"fill or kill: enough before an own order", "3, 5", L3 | EUT_CAP_FOK | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,5 > A,0,11,100,5\n"
     "N,0,2,12,B,L,F,100,5 > T,0,12,10,100,5\n"
     "= 0,S,100,11,2,5\n"},
    {"fill or kill: makers behind an own order do not count", "3, 5",
     L3 | EUT_CAP_FOK | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,1 > A,0,11,100,1\n"
     "N,0,1,12,S,L,D,100,5 > A,0,12,100,5\n"
     "N,0,1,13,S,L,D,101,5 > A,0,13,101,5\n"
     "N,0,2,14,B,L,F,101,6 > X,0,14,6,fok\n"
     "N,0,2,14,B,M,F,0,6 > X,0,14,6,fok\n"
     "N,0,0,14,B,L,F,101,6 > T,0,14,10,100,5 > T,0,14,11,100,1\n"
     "= 0,S,100,12,1,5\n"
     "= 0,S,101,13,1,5\n"},
    {"fill or kill: an own order first is fok, not stp", "3, 5", L3 | EUT_CAP_FOK | EUT_CAP_STP, 1,
     0, 0, 0,
     "N,0,2,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,F,100,5 > X,0,11,5,fok\n"
     "= 0,B,100,10,2,5\n"},

    /* ---- 4: post only ---- */
    {"post only rests", "4", L3 | EUT_CAP_POST, 1, 0, 0, 0,
     "N,0,1,10,B,L,P,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,P,101,5 > A,0,11,101,5\n"
     "= 0,B,100,10,1,5\n"
     "= 0,S,101,11,1,5\n"},
    {"post only is rejected at the very price, and beyond", "4", L3 | EUT_CAP_POST, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,102,5 > A,0,11,102,5\n"
     "N,0,2,12,B,L,P,102,5 > J,0,12,would_cross\n"
     "N,0,2,12,B,L,P,103,5 > J,0,12,would_cross\n"
     "N,0,2,12,S,L,P,100,5 > J,0,12,would_cross\n"
     "N,0,2,12,S,L,P,99,5 > J,0,12,would_cross\n"
     "N,0,2,12,B,L,P,101,5 > A,0,12,101,5\n"
     "N,0,2,13,S,L,P,102,5 > A,0,13,102,5\n"
     "= 0,B,101,12,2,5\n"
     "= 0,B,100,10,1,5\n"
     "= 0,S,102,11,1,5\n"
     "= 0,S,102,13,2,5\n"},
    {"post only: an own order crosses like any other", "4, 5", L3 | EUT_CAP_POST | EUT_CAP_STP, 1,
     0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,P,100,5 > J,0,11,would_cross\n"
     "= 0,B,100,10,1,5\n"},
    {"a post only order trades as a maker", "4", L3 | EUT_CAP_POST, 1, 0, 0, 0,
     "N,0,1,10,B,L,P,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,6 > T,0,11,10,100,5 > A,0,11,100,1\n"
     "= 0,S,100,11,2,1\n"},

    /* ---- 5: self-trade prevention ---- */
    {"self-trade prevention: a day order does not rest", "5", L3 | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,B,L,D,100,5 > X,0,11,5,stp\n"
     "= 0,S,100,10,1,5\n"},
    {"self-trade prevention: trades before it stand", "5", L3 | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,2,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,100,5 > A,0,11,100,5\n"
     "N,0,2,12,S,L,D,100,5 > A,0,12,100,5\n"
     "N,0,1,13,B,L,D,101,9 > T,0,13,10,100,5 > X,0,13,4,stp\n"
     "= 0,S,100,11,1,5\n"
     "= 0,S,100,12,2,5\n"},
    {"self-trade prevention: at a worse price", "5", L3 | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,2,10,B,L,D,101,5 > A,0,10,101,5\n"
     "N,0,1,11,B,L,D,100,5 > A,0,11,100,5\n"
     "N,0,1,12,S,L,I,99,9 > T,0,12,10,101,5 > X,0,12,4,stp\n"
     "= 0,B,100,11,1,5\n"},
    {"self-trade prevention: an own order beyond the limit is not met", "5", L3 | EUT_CAP_STP, 1, 0,
     0, 0,
     "N,0,2,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,101,5 > A,0,11,101,5\n"
     "N,0,1,12,B,L,D,100,9 > T,0,12,10,100,5 > A,0,12,100,4\n"
     "= 0,B,100,12,1,4\n"
     "= 0,S,101,11,1,5\n"},
    {"self-trade prevention: an own order is not met once the taker is filled", "5",
     L3 | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,2,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,100,5 > A,0,11,100,5\n"
     "N,0,1,12,B,L,D,100,5 > T,0,12,10,100,5\n"
     "= 0,S,100,11,1,5\n"},
    {"self-trade prevention: whatever the tif and type", "5", L3 | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,4294967295,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,4294967295,11,B,L,I,100,5 > X,0,11,5,stp\n"
     "N,0,4294967295,11,B,M,I,0,5 > X,0,11,5,stp\n"
     "N,0,4294967295,11,B,M,D,0,5 > X,0,11,5,stp\n"
     "= 0,S,100,10,4294967295,5\n"},
    {"account 0 trades with itself", "5", L3, 1, 0, 0, 0,
     "N,0,0,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,0,11,B,L,D,100,6 > T,0,11,10,100,5 > A,0,11,100,1\n"
     "= 0,B,100,11,0,1\n"},

    /* ---- 6: cancel ---- */
    {"cancel: the open quantity leaves", "6", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,2 > T,0,11,10,100,2\n"
     "C,0,1,10 > X,0,10,3,user\n"
     "C,0,1,10 > J,0,10,unknown_order\n"},
    {"cancel: not another account's, not in another market, not one that is gone", "6, 8", L3, 2, 0,
     0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "C,0,2,10 > J,0,10,unknown_order\n"
     "C,0,0,10 > J,0,10,unknown_order\n"
     "C,1,1,10 > J,1,10,unknown_order\n"
     "C,0,1,11 > J,0,11,unknown_order\n"
     "N,0,2,12,S,L,D,100,5 > T,0,12,10,100,5\n"
     "C,0,1,10 > J,0,10,unknown_order\n"
     "C,0,2,12 > J,0,12,unknown_order\n"},
    {"cancel: an order of account 0 belongs to account 0", "6, 8", L3, 1, 0, 0, 0,
     "N,0,0,10,B,L,D,100,5 > A,0,10,100,5\n"
     "C,0,1,10 > J,0,10,unknown_order\n"
     "C,0,0,10 > X,0,10,5,user\n"},

    /* ---- 7: replace ---- */
    {"replace: a smaller quantity keeps the place", "7", L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,5 > A,0,11,100,5\n"
     "R,0,1,10,100,3 > A,0,10,100,3\n"
     "N,0,3,12,B,L,D,100,4 > T,0,12,10,100,3 > T,0,12,11,100,1\n"
     "= 0,S,100,11,2,4\n"},
    {"replace: the same quantity keeps the place", "7", L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,5 > A,0,11,100,5\n"
     "R,0,1,10,100,5 > A,0,10,100,5\n"
     "= 0,S,100,10,1,5\n"
     "= 0,S,100,11,2,5\n"},
    {"replace: a larger quantity loses the place", "7", L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,5 > A,0,11,100,5\n"
     "R,0,1,10,100,6 > A,0,10,100,6\n"
     "= 0,S,100,11,2,5\n"
     "= 0,S,100,10,1,6\n"},
    {"replace: larger than open, though not than entered, loses the place", "7",
     L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,100,5 > A,0,11,100,5\n"
     "N,0,3,12,B,L,D,100,2 > T,0,12,10,100,2\n"
     "R,0,1,10,100,4 > A,0,10,100,4\n"
     "= 0,S,100,11,2,5\n"
     "= 0,S,100,10,1,4\n"},
    {"replace: another price loses the place, also on the way back", "7", L3 | EUT_CAP_REPLACE, 1,
     0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,B,L,D,100,5 > A,0,11,100,5\n"
     "R,0,1,10,101,4 > A,0,10,101,4\n"
     "R,0,1,10,100,4 > A,0,10,100,4\n"
     "= 0,B,100,11,2,5\n"
     "= 0,B,100,10,1,4\n"},
    {"replace: the new entry trades, and what is left rests under its id", "7",
     L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,102,3 > A,0,11,102,3\n"
     "R,0,1,10,103,5 > T,0,10,11,102,3 > A,0,10,103,2\n"
     "C,0,1,10 > X,0,10,2,user\n"},
    {"replace: the new entry fills, and the order is gone", "7", L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,102,9 > A,0,11,102,9\n"
     "R,0,1,10,102,4 > T,0,10,11,102,4\n"
     "C,0,1,10 > J,0,10,unknown_order\n"
     "= 0,S,102,11,2,5\n"},
    {"replace: meets self-trade prevention like any taker", "7, 5",
     L3 | EUT_CAP_REPLACE | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,11,S,L,D,102,3 > A,0,11,102,3\n"
     "N,0,1,12,S,L,D,102,3 > A,0,12,102,3\n"
     "R,0,1,10,102,5 > T,0,10,11,102,3 > X,0,10,2,stp\n"
     "R,0,1,10,102,5 > J,0,10,unknown_order\n"
     "= 0,S,102,12,1,3\n"},
    {"replace: only by the owner, only what rests", "7, 8", L3 | EUT_CAP_REPLACE, 2, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "R,0,2,10,100,4 > J,0,10,unknown_order\n"
     "R,0,0,10,100,4 > J,0,10,unknown_order\n"
     "R,1,1,10,100,4 > J,1,10,unknown_order\n"
     "R,0,1,11,100,4 > J,0,11,unknown_order\n"
     "= 0,B,100,10,1,5\n"},
    {"replace: post only stays where it was when it would cross", "7, 4",
     L3 | EUT_CAP_REPLACE | EUT_CAP_POST, 1, 0, 0, 0,
     "N,0,1,10,B,L,P,100,5 > A,0,10,100,5\n"
     "N,0,3,11,B,L,D,100,5 > A,0,11,100,5\n"
     "N,0,2,12,S,L,D,102,3 > A,0,12,102,3\n"
     "R,0,1,10,102,5 > J,0,10,would_cross\n"
     "R,0,1,10,101,5 > A,0,10,101,5\n"
     "R,0,1,10,101,2 > A,0,10,101,2\n"
     "R,0,1,10,103,2 > J,0,10,would_cross\n"
     "= 0,B,101,10,1,2\n"
     "= 0,B,100,11,3,5\n"
     "= 0,S,102,12,2,3\n"},
    {"replace: an order entered for the day may trade", "7", L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,105,5 > A,0,10,105,5\n"
     "N,0,2,11,B,L,D,100,3 > A,0,11,100,3\n"
     "R,0,1,10,100,5 > T,0,10,11,100,3 > A,0,10,100,2\n"
     "= 0,S,100,10,1,2\n"},
    {"replace: a chain", "7", L3 | EUT_CAP_REPLACE, 1, 0, 0, 0,
     "N,0,1,500,B,L,D,500,1 > A,0,500,500,1\n"
     "*400 R,0,1,500,$,$ > A,0,500,$,$\n"
     "R,0,1,500,400,1 > A,0,500,400,1\n"
     "= 0,B,400,500,1,1\n"},

    /* ---- 8: rejects, in their order ---- */
    {"bad_market comes first, and carries the order's id", "8", L3, 1, 0, 0, 0,
     "N,1,1,10,B,L,D,100,5 > J,1,10,bad_market\n"
     "N,4294967295,0,0,?,?,?,0,0 > J,4294967295,0,bad_market\n"
     "C,1,1,7 > J,1,7,bad_market\n"
     "R,1,1,7,0,0 > J,1,7,bad_market\n"
     "Q,1,B,100,1 > J,1,0,bad_market\n"
     "Z,1,1,7,B,L,D,100,1 > J,1,7,bad_market\n"},
    {"bad_order before bad_qty", "8", L3, 1, 0, 0, 0,
     "N,0,1,0,?,?,?,0,0 > J,0,0,bad_order\n"
     "C,0,1,0 > J,0,0,bad_order\n"
     "R,0,1,0,0,0 > J,0,0,bad_order\n"
     "Z,0,1,0,?,?,?,0,0 > J,0,0,bad_order\n"},
    {"bad_qty before bad_price", "8", L3, 1, 0, 0, 0,
     "N,0,1,10,?,?,?,0,0 > J,0,10,bad_qty\n"
     "R,0,1,10,0,0 > J,0,10,bad_qty\n"
     "Z,0,1,10,?,?,?,0,0 > J,0,10,bad_qty\n"},
    {"bad_price before bad_type", "8", L3, 1, 0, 0, 0,
     "N,0,1,10,?,?,?,0,5 > J,0,10,bad_price\n"
     "N,0,1,10,?,L,?,2147483648,5 > J,0,10,bad_price\n"
     "N,0,1,10,?,M,?,1,5 > J,0,10,bad_price\n"
     "R,0,1,10,0,5 > J,0,10,bad_price\n"
     "Z,0,1,10,B,L,D,0,5 > J,0,10,bad_price\n"
     "Z,0,1,10,B,M,D,1,5 > J,0,10,bad_price\n"
     "Q,0,B,0,5 > J,0,0,bad_price\n"
     "Q,0,B,2147483648,5 > J,0,0,bad_price\n"},
    {"bad_price: the range of limit and replace, and 0 for market orders", "8", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,0,5 > J,0,10,bad_price\n"
     "N,0,1,10,B,L,D,2147483648,5 > J,0,10,bad_price\n"
     "N,0,1,10,B,L,D,4294967295,5 > J,0,10,bad_price\n"
     "N,0,1,10,B,M,I,100,5 > J,0,10,bad_price\n"
     "N,0,1,10,B,M,I,4294967295,5 > J,0,10,bad_price\n"
     "N,0,1,10,B,L,D,2147483647,5 > A,0,10,2147483647,5\n"
     "R,0,1,10,2147483648,5 > J,0,10,bad_price\n"
     "R,0,1,10,4294967295,5 > J,0,10,bad_price\n"
     "= 0,B,2147483647,10,1,5\n"},
    {"bad_type: unknown letters", "8", L3, 1, 0, 0, 0,
     "Z,0,1,10,B,L,D,100,5 > J,0,10,bad_type\n"
     "n,0,1,10,B,L,D,100,5 > J,0,10,bad_type\n"
     "Z,0,1,10,B,M,I,0,5 > J,0,10,bad_type\n"
     "N,0,1,10,X,L,D,100,5 > J,0,10,bad_type\n"
     "N,0,1,10,b,L,D,100,5 > J,0,10,bad_type\n"
     "N,0,1,10,B,X,D,100,5 > J,0,10,bad_type\n"
     "N,0,1,10,B,L,X,100,5 > J,0,10,bad_type\n"
     "N,0,1,10,B,M,X,0,5 > J,0,10,bad_type\n"},
    {"bad_type: a market order cannot be post only", "8", L3 | EUT_CAP_POST, 1, 0, 0, 0,
     "N,0,1,10,B,M,P,0,5 > J,0,10,bad_type\n"
     "N,0,1,10,S,M,P,0,5 > J,0,10,bad_type\n"},
    {"bad_type: no quotes on an L3 market", "8", L3, 1, 0, 0, 0,
     "Q,0,B,100,5 > J,0,0,bad_type\n"
     "Q,0,S,100,0 > J,0,0,bad_type\n"
     "Q,0,X,100,5 > J,0,0,bad_type\n"},
    {"bad_type before duplicate", "8", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,10,B,L,X,100,5 > J,0,10,bad_type\n"
     "Z,0,1,10,B,L,D,100,5 > J,0,10,bad_type\n"
     "= 0,B,100,10,1,5\n"},
    {"duplicate: a live id, whoever's, whatever the new order is", "8", L3, 2, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,10,B,L,D,100,5 > J,0,10,duplicate\n"
     "N,0,2,10,S,L,D,100,5 > J,0,10,duplicate\n"
     "N,0,2,10,S,L,I,100,5 > J,0,10,duplicate\n"
     "N,0,2,10,S,M,I,0,5 > J,0,10,duplicate\n"
     "N,1,1,10,B,L,D,100,5 > A,1,10,100,5\n"
     "= 0,B,100,10,1,5\n"
     "= 1,B,100,10,1,5\n"},
    {"duplicate before would_cross, and for fill or kill", "8", L3 | EUT_CAP_POST | EUT_CAP_FOK, 1,
     0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,2,10,S,L,P,100,5 > J,0,10,duplicate\n"
     "N,0,2,10,S,L,F,100,9 > J,0,10,duplicate\n"
     "= 0,B,100,10,1,5\n"},
    {"an id is free again when its order is gone", "8", L3, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "C,0,1,10 > X,0,10,5,user\n"
     "N,0,2,10,S,L,D,101,5 > A,0,10,101,5\n"
     "N,0,1,11,B,L,D,101,5 > T,0,11,10,101,5\n"
     "N,0,3,10,B,L,I,101,5 > X,0,10,5,ioc\n"
     "N,0,3,10,B,L,D,102,5 > A,0,10,102,5\n"
     "N,0,1,11,S,L,D,102,1 > T,0,11,10,102,1\n"
     "= 0,B,102,10,3,4\n"},
    {"an id is free again after a replacement that filled or was stopped", "8",
     L3 | EUT_CAP_REPLACE | EUT_CAP_STP, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,100,5 > A,0,10,100,5\n"
     "N,0,1,11,S,L,D,101,5 > A,0,11,101,5\n"
     "R,0,1,10,101,5 > X,0,10,5,stp\n"
     "N,0,2,10,B,L,D,100,5 > A,0,10,100,5\n"
     "R,0,2,10,101,5 > T,0,10,11,101,5\n"
     "N,0,3,10,B,L,D,99,5 > A,0,10,99,5\n"
     "= 0,B,99,10,3,5\n"},

    /* ---- 9: no price band; any id ---- */
    {"both ends of the price range in one book", "9", L3 | EUT_CAP_ANY_PRICE, 1, 0, 0, 0,
     "N,0,1,10,B,L,D,1,5 > A,0,10,1,5\n"
     "N,0,1,11,S,L,D,2147483647,5 > A,0,11,2147483647,5\n"
     "N,0,1,12,B,L,D,1000000000,5 > A,0,12,1000000000,5\n"
     "N,0,1,13,S,L,D,1000000001,5 > A,0,13,1000000001,5\n"
     "N,0,2,14,S,L,I,1,11 > T,0,14,12,1000000000,5 > T,0,14,10,1,5 > X,0,14,1,ioc\n"
     "N,0,2,15,B,L,I,2147483647,11 > T,0,15,13,1000000001,5 > T,0,15,11,2147483647,5 > "
     "X,0,15,1,ioc\n"},
    {"a lone bid at the top and a lone ask at the bottom", "9", L3 | EUT_CAP_ANY_PRICE, 2, 0, 0, 0,
     "N,0,1,10,B,L,D,2147483647,5 > A,0,10,2147483647,5\n"
     "N,0,2,11,S,L,D,1,2 > T,0,11,10,2147483647,2\n"
     "N,1,1,10,S,L,D,1,5 > A,1,10,1,5\n"
     "N,1,2,11,B,L,D,2147483647,2 > T,1,11,10,1,2\n"
     "= 0,B,2147483647,10,1,3\n"
     "= 1,S,1,10,1,3\n"},
    {"prices on both sides of every power of two", "9", L3 | EUT_CAP_ANY_PRICE, 1, 0, 0, 0,
     "N,0,1,1,S,L,D,65536,1 > A,0,1,65536,1\n"
     "N,0,1,2,S,L,D,65535,1 > A,0,2,65535,1\n"
     "N,0,1,3,S,L,D,1073741824,1 > A,0,3,1073741824,1\n"
     "N,0,1,4,S,L,D,1073741823,1 > A,0,4,1073741823,1\n"
     "N,0,1,5,S,L,D,64,1 > A,0,5,64,1\n"
     "N,0,1,6,S,L,D,63,1 > A,0,6,63,1\n"
     "N,0,1,7,S,L,D,4096,1 > A,0,7,4096,1\n"
     "N,0,1,8,S,L,D,4095,1 > A,0,8,4095,1\n"
     "N,0,2,9,B,M,I,0,3 > T,0,9,6,63,1 > T,0,9,5,64,1 > T,0,9,8,4095,1\n"
     "= 0,S,4096,7,1,1\n"
     "= 0,S,65535,2,1,1\n"
     "= 0,S,65536,1,1,1\n"
     "= 0,S,1073741823,4,1,1\n"
     "= 0,S,1073741824,3,1,1\n"},
    {"any 64-bit id but 0", "words", L3 | EUT_CAP_ANY_ID, 1, 0, 0, 0,
     "N,0,1,18446744073709551615,B,L,D,100,5 > A,0,18446744073709551615,100,5\n"
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,0,1,4294967297,B,L,D,100,5 > A,0,4294967297,100,5\n"
     "N,0,1,9223372036854775808,B,L,D,100,5 > A,0,9223372036854775808,100,5\n"
     "C,0,1,4294967296 > J,0,4294967296,unknown_order\n"
     "C,0,1,18446744073709551614 > J,0,18446744073709551614,unknown_order\n"
     "C,0,1,1 > X,0,1,5,user\n"
     "N,0,2,18446744073709551614,S,L,I,100,6 > "
     "T,0,18446744073709551614,18446744073709551615,100,5 > "
     "T,0,18446744073709551614,4294967297,100,1\n"
     "= 0,B,100,4294967297,1,4\n"
     "= 0,B,100,9223372036854775808,1,5\n"},
    {"the largest quantity", "words", L3, 1, 0, 0, 0,
     "N,0,1,10,S,L,D,100,4294967295 > A,0,10,100,4294967295\n"
     "N,0,1,11,S,L,D,100,4294967295 > A,0,11,100,4294967295\n"
     "N,0,2,12,B,L,I,100,4294967295 > T,0,12,10,100,4294967295\n"
     "N,0,2,12,B,L,D,101,4294967295 > T,0,12,11,100,4294967295\n"
     "N,0,2,12,B,L,D,101,1 > A,0,12,101,1\n"
     "N,0,1,13,S,L,D,101,4294967295 > T,0,13,12,101,1 > A,0,13,101,4294967294\n"
     "= 0,S,101,13,1,4294967294\n"},
    /* ---- capacity ---- */
    {"capacity: the last order fits, the next does not", "8, limits", L3, 1, 0, 3, 0,
     "*3 N,0,1,$,B,L,D,100,5 > A,0,$,100,5\n"
     "N,0,1,4,B,L,D,100,5 > J,0,4,capacity\n"
     "N,0,1,4,B,L,D,101,5 > J,0,4,capacity\n"
     "C,0,1,2 > X,0,2,5,user\n"
     "N,0,1,4,B,L,D,100,5 > A,0,4,100,5\n"
     "= 0,B,100,1,1,5\n"
     "= 0,B,100,3,1,5\n"
     "= 0,B,100,4,1,5\n"},
    {"capacity: before anything trades, though nothing would rest", "8, limits", L3, 1, 0, 1, 0,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,0,2,2,S,L,D,100,5 > J,0,2,capacity\n"
     "N,0,2,2,S,L,I,100,2 > T,0,2,1,100,2\n"
     "N,0,2,2,S,M,I,0,2 > T,0,2,1,100,2\n"
     "N,0,2,2,S,M,D,0,2 > T,0,2,1,100,1 > X,0,2,1,ioc\n"
     "N,0,2,2,S,L,D,100,5 > A,0,2,100,5\n"
     "= 0,S,100,2,2,5\n"},
    {"capacity: orders are counted over all markets", "8, limits", L3, 3, 0, 2, 0,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,1,1,1,B,L,D,100,5 > A,1,1,100,5\n"
     "N,2,1,1,B,L,D,100,5 > J,2,1,capacity\n"
     "N,0,2,2,S,L,I,100,5 > T,0,2,1,100,5\n"
     "N,2,1,1,B,L,D,100,5 > A,2,1,100,5\n"
     "= 1,B,100,1,1,5\n"
     "= 2,B,100,1,1,5\n"},
    {"capacity: after every other check", "8, limits", L3 | EUT_CAP_POST, 1, 0, 1, 0,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,0,2,1,S,L,D,100,5 > J,0,1,duplicate\n"
     "N,0,2,2,S,L,P,100,5 > J,0,2,would_cross\n"
     "N,0,2,2,S,L,P,101,5 > J,0,2,capacity\n"
     "= 0,B,100,1,1,5\n"},
    {"capacity: a fill or kill order needs none", "limits", L3 | EUT_CAP_FOK, 1, 0, 1, 1,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,0,2,2,S,L,F,100,6 > X,0,2,6,fok\n"
     "N,0,2,2,S,L,F,99,5 > T,0,2,1,100,5\n"},
    {"capacity: levels", "8, limits", L3, 2, 0, 0, 2,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,1,1,1,B,L,D,100,5 > A,1,1,100,5\n"
     "N,0,1,2,B,L,D,100,5 > A,0,2,100,5\n"
     "N,0,1,3,B,L,D,99,5 > J,0,3,capacity\n"
     "N,0,2,3,S,L,D,100,5 > J,0,3,capacity\n"
     "N,0,2,3,S,L,I,100,5 > T,0,3,1,100,5\n"
     "N,0,2,3,S,L,I,100,5 > T,0,3,2,100,5\n"
     "N,0,1,3,B,L,D,99,5 > A,0,3,99,5\n"
     "= 0,B,99,3,1,5\n"
     "= 1,B,100,1,1,5\n"},
    {"capacity: a replacement counts as if its order had left", "limits", L3 | EUT_CAP_REPLACE, 1,
     0, 2, 2,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,0,1,2,B,L,D,101,5 > A,0,2,101,5\n"
     "R,0,1,1,100,9 > A,0,1,100,9\n"
     "R,0,1,1,99,9 > A,0,1,99,9\n"
     "R,0,1,1,101,9 > A,0,1,101,9\n"
     "R,0,1,1,98,9 > A,0,1,98,9\n"
     "= 0,B,101,2,1,5\n"
     "= 0,B,98,1,1,9\n"},
    {"capacity: a replacement that needs a level too many changes nothing", "limits",
     L3 | EUT_CAP_REPLACE, 1, 0, 0, 2,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "N,0,1,2,B,L,D,100,5 > A,0,2,100,5\n"
     "N,0,2,3,S,L,D,102,5 > A,0,3,102,5\n"
     "R,0,1,1,99,5 > J,0,1,capacity\n"
     "R,0,1,1,102,5 > J,0,1,capacity\n"
     "R,0,1,1,100,4 > A,0,1,100,4\n"
     "= 0,B,100,1,1,4\n"
     "= 0,B,100,2,1,5\n"
     "= 0,S,102,3,2,5\n"},
    {"capacity: a post only replacement would cross first", "8, limits",
     L3 | EUT_CAP_REPLACE | EUT_CAP_POST, 1, 0, 0, 2,
     "N,0,1,1,B,L,P,100,5 > A,0,1,100,5\n"
     "N,0,1,2,B,L,D,100,5 > A,0,2,100,5\n"
     "N,0,2,3,S,L,D,102,5 > A,0,3,102,5\n"
     "R,0,1,1,102,5 > J,0,1,would_cross\n"
     "R,0,1,1,101,5 > J,0,1,capacity\n"
     "= 0,B,100,1,1,5\n"
     "= 0,B,100,2,1,5\n"
     "= 0,S,102,3,2,5\n"},
    /* ---- L2 markets ---- */
    {"L2: quotes set totals", "L2", L2, 0, 1, 0, 0,
     "Q,0,B,100,5 > A,0,0,100,5\n"
     "Q,0,B,99,7 > A,0,0,99,7\n"
     "Q,0,S,101,6 > A,0,0,101,6\n"
     "Q,0,B,100,9 > A,0,0,100,9\n"
     "Q,0,B,99,2 > A,0,0,99,2\n"
     "= 0,B,100,0,0,9\n"
     "= 0,B,99,0,0,2\n"
     "= 0,S,101,0,0,6\n"},
    {"L2: a quote of 0 removes, even what is not there", "L2", L2, 0, 1, 0, 0,
     "Q,0,S,101,6 > A,0,0,101,6\n"
     "Q,0,S,101,0 > A,0,0,101,0\n"
     "Q,0,S,101,0 > A,0,0,101,0\n"
     "Q,0,B,7,0 > A,0,0,7,0\n"},
    {"L2: a quote that would cross is rejected", "L2", L2, 0, 1, 0, 0,
     "Q,0,B,100,5 > A,0,0,100,5\n"
     "Q,0,S,102,5 > A,0,0,102,5\n"
     "Q,0,S,100,1 > J,0,0,would_cross\n"
     "Q,0,S,99,1 > J,0,0,would_cross\n"
     "Q,0,B,102,1 > J,0,0,would_cross\n"
     "Q,0,B,103,1 > J,0,0,would_cross\n"
     "Q,0,S,101,1 > A,0,0,101,1\n"
     "= 0,B,100,0,0,5\n"
     "= 0,S,101,0,0,1\n"
     "= 0,S,102,0,0,5\n"},
    {"L2: a quote of 0 never crosses", "L2, room", L2, 0, 1, 0, 0,
     "Q,0,B,100,5 > A,0,0,100,5\n"
     "Q,0,S,100,0 > A,0,0,100,0\n"
     "Q,0,S,50,0 > A,0,0,50,0\n"
     "= 0,B,100,0,0,5\n"},
    {"L2: takers trade level by level with maker 0", "L2", L2, 0, 1, 0, 0,
     "Q,0,S,100,5 > A,0,0,100,5\n"
     "Q,0,S,101,5 > A,0,0,101,5\n"
     "Q,0,S,102,5 > A,0,0,102,5\n"
     "N,0,1,9,B,L,I,101,7 > T,0,9,0,100,5 > T,0,9,0,101,2\n"
     "N,0,1,9,B,L,I,101,7 > T,0,9,0,101,3 > X,0,9,4,ioc\n"
     "N,0,1,9,B,M,I,0,2 > T,0,9,0,102,2\n"
     "N,0,1,9,B,M,D,0,9 > T,0,9,0,102,3 > X,0,9,6,ioc\n"
     "N,0,1,9,B,M,I,0,9 > X,0,9,9,ioc\n"},
    {"L2: sells meet the highest bid first", "L2", L2, 0, 1, 0, 0,
     "Q,0,B,100,5 > A,0,0,100,5\n"
     "Q,0,B,102,5 > A,0,0,102,5\n"
     "Q,0,B,101,5 > A,0,0,101,5\n"
     "N,0,1,9,S,L,I,101,12 > T,0,9,0,102,5 > T,0,9,0,101,5 > X,0,9,2,ioc\n"
     "= 0,B,100,0,0,5\n"},
    {"L2: fill or kill", "L2, 3", L2 | EUT_CAP_FOK, 0, 1, 0, 0,
     "Q,0,S,100,5 > A,0,0,100,5\n"
     "Q,0,S,101,5 > A,0,0,101,5\n"
     "N,0,1,9,B,L,F,100,6 > X,0,9,6,fok\n"
     "N,0,1,9,B,L,F,101,6 > T,0,9,0,100,5 > T,0,9,0,101,1\n"
     "N,0,1,9,B,M,F,0,5 > X,0,9,5,fok\n"
     "N,0,1,9,B,M,F,0,4 > T,0,9,0,101,4\n"},
    {"L2: fill or kill sums beyond 32 bits", "L2, 3", L2 | EUT_CAP_FOK, 0, 1, 0, 0,
     "Q,0,S,100,4294967295 > A,0,0,100,4294967295\n"
     "Q,0,S,101,4294967295 > A,0,0,101,4294967295\n"
     "N,0,1,9,B,L,I,100,1 > T,0,9,0,100,1\n"
     "N,0,1,9,B,L,F,101,4294967295 > T,0,9,0,100,4294967294 > T,0,9,0,101,1\n"
     "= 0,S,101,0,0,4294967294\n"},
    {"L2: nothing else is taken", "L2", L2, 0, 1, 0, 0,
     "Q,0,B,100,5 > A,0,0,100,5\n"
     "N,0,1,9,B,L,D,100,5 > J,0,9,bad_type\n"
     "N,0,1,9,B,L,P,90,5 > J,0,9,bad_type\n"
     "N,0,1,9,B,M,P,0,5 > J,0,9,bad_type\n"
     "C,0,1,9 > J,0,9,bad_type\n"
     "R,0,1,9,100,5 > J,0,9,bad_type\n"
     "Z,0,1,9,B,L,I,100,5 > J,0,9,bad_type\n"
     "= 0,B,100,0,0,5\n"},
    {"L2: the checks and their order", "L2, 8", L2, 0, 1, 0, 0,
     "C,0,1,0 > J,0,0,bad_order\n"
     "R,0,1,0,0,0 > J,0,0,bad_order\n"
     "R,0,1,9,0,0 > J,0,9,bad_qty\n"
     "R,0,1,9,0,1 > J,0,9,bad_price\n"
     "N,0,1,0,B,L,I,100,5 > J,0,0,bad_order\n"
     "N,0,1,9,B,L,D,100,0 > J,0,9,bad_qty\n"
     "N,0,1,9,B,L,D,0,5 > J,0,9,bad_price\n"
     "N,0,1,9,X,L,I,100,5 > J,0,9,bad_type\n"
     "N,0,1,9,B,L,X,100,5 > J,0,9,bad_type\n"
     "Q,0,X,0,5 > J,0,0,bad_price\n"
     "Q,0,X,100,5 > J,0,0,bad_type\n"
     "Q,0,X,100,0 > J,0,0,bad_type\n"
     "Q,0,B,2147483648,0 > J,0,0,bad_price\n"
     "Q,0,B,0,0 > J,0,0,bad_price\n"},
    {"L2: ids are echoes and accounts are not looked at", "L2, room", L2, 0, 1, 0, 0,
     "Q,0,S,100,9 > A,0,0,100,9\n"
     "N,0,0,9,B,L,I,100,1 > T,0,9,0,100,1\n"
     "N,0,1,9,B,L,I,100,1 > T,0,9,0,100,1\n"
     "N,0,1,18446744073709551615,B,L,I,100,1 > T,0,18446744073709551615,0,100,1\n"
     "= 0,S,100,0,0,6\n"},
    {"L2: both ends of the price range", "L2, 9", L2 | EUT_CAP_ANY_PRICE, 0, 1, 0, 0,
     "Q,0,B,1,5 > A,0,0,1,5\n"
     "Q,0,S,2147483647,5 > A,0,0,2147483647,5\n"
     "N,0,1,9,S,L,I,1,1 > T,0,9,0,1,1\n"
     "N,0,1,9,B,L,I,2147483647,1 > T,0,9,0,2147483647,1\n"
     "Q,0,B,2147483646,1 > A,0,0,2147483646,1\n"
     "= 0,B,2147483646,0,0,1\n"
     "= 0,B,1,0,0,4\n"
     "= 0,S,2147483647,0,0,4\n"},
    {"L2: capacity of levels", "L2, limits", L2, 0, 2, 0, 2,
     "Q,0,B,100,5 > A,0,0,100,5\n"
     "Q,1,S,100,5 > A,1,0,100,5\n"
     "Q,0,B,99,5 > J,0,0,capacity\n"
     "Q,0,B,99,0 > A,0,0,99,0\n"
     "Q,0,S,100,5 > J,0,0,would_cross\n"
     "Q,0,B,100,7 > A,0,0,100,7\n"
     "N,0,1,9,S,L,I,100,7 > T,0,9,0,100,7\n"
     "Q,0,B,99,5 > A,0,0,99,5\n"
     "= 0,B,99,0,0,5\n"
     "= 1,S,100,0,0,5\n"},
    {"L2: the last markets are the L2 ones, and levels are counted together", "L2, limits", L3 | L2,
     1, 1, 1, 2,
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "Q,1,B,100,5 > A,1,0,100,5\n"
     "Q,1,B,99,5 > J,1,0,capacity\n"
     "Q,0,B,99,5 > J,0,0,bad_type\n"
     "C,1,1,1 > J,1,1,bad_type\n"
     "C,0,1,1 > X,0,1,5,user\n"
     "Q,1,B,99,5 > A,1,0,99,5\n"
     "N,0,1,1,B,L,D,100,5 > J,0,1,capacity\n"
     "Q,1,B,99,0 > A,1,0,99,0\n"
     "N,0,1,1,B,L,D,100,5 > A,0,1,100,5\n"
     "= 0,B,100,1,1,5\n"
     "= 1,B,100,0,0,5\n"},

    /* ---- many events, many levels ---- */
    {"a sweep of 300 orders at one price", "1, engine.h", L3, 1, 0, 0, 0,
     "*300 N,0,1,$,S,L,D,100,2 > A,0,$,100,2\n"
     "N,0,2,999,B,L,I,100,601 >*300 T,0,999,$,100,2 > X,0,999,1,ioc\n"},
    {"a sweep of 300 prices", "1, engine.h", L3, 1, 0, 0, 0,
     "*300 N,0,1,$,S,L,D,$,1 > A,0,$,$,1\n"
     "N,0,2,999,B,L,D,299,300 >*299 T,0,999,$,$,1 > A,0,999,299,1\n"
     "= 0,B,299,999,2,1\n"
     "= 0,S,300,300,1,1\n"},
    {"L2: a sweep of 300 prices", "L2, engine.h", L2, 0, 1, 0, 0,
     "*300 Q,0,S,$,1 > A,0,0,$,1\n"
     "N,0,2,999,B,M,I,0,301 >*300 T,0,999,0,$,1 > X,0,999,1,ioc\n"},
    {"a book of 300 levels is walked best first", "engine.h", L3, 1, 0, 0, 0,
     "*300 N,0,1,$,S,L,D,$,$ > A,0,$,$,$\n"
     "=*300 0,S,$,$,1,$\n"},
    {0},
};
