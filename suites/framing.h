/*
 * framing.h - what Ethernet, IP and TCP leave of a link for those who send over it.
 *
 * Around each segment on the link: preamble 8, Ethernet 14 + 4, gap 12 bytes; inside the MTU: IPv4
 * 20 and TCP 20 with 12 of timestamps. Segments are taken as full, acknowledgements as the other
 * way's.
 */
#ifndef HR_FRAMING_H
#define HR_FRAMING_H

#define HR_LINK_BYTES 38.0
#define HR_LINK_HEADER_BYTES 52.0

/* The share of the link's bits that are TCP's payload. */
static inline double hr_link_payload_share(int mtu)
{
    return (mtu - HR_LINK_HEADER_BYTES) / (mtu + HR_LINK_BYTES);
}

#endif
