/* config_flow.c - which flow do the settings mean, and do the settings fit together? */
#include "harness/config.h"
#include "harness/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void hr_config_flow(const struct hr_config *c, struct hr_flow_params *params)
{
    hr_flow_defaults(params);
    params->seed = hr_config_count(c, "flow.seed");
    params->markets = (uint32_t)hr_config_count(c, "flow.markets");
    params->l2_share = hr_config_real(c, "flow.l2_share");
    params->levels = (uint32_t)hr_config_count(c, "flow.levels");
    params->l2_levels = (uint32_t)hr_config_count(c, "flow.l2_levels");
    params->orders_per_level = (uint32_t)hr_config_count(c, "flow.orders_per_level");
    params->zipf = hr_config_real(c, "flow.zipf");
    params->share_new = hr_config_real(c, "flow.new");
    params->share_cancel = hr_config_real(c, "flow.cancel");
    params->share_replace = hr_config_real(c, "flow.replace");
    params->share_ioc = hr_config_real(c, "flow.ioc");
    params->share_fok = hr_config_real(c, "flow.fok");
    params->share_market = hr_config_real(c, "flow.market");
    params->share_post = hr_config_real(c, "flow.post");
    params->crossing = hr_config_real(c, "flow.crossing");
    params->taking = hr_config_real(c, "flow.taking");
    params->nudge = hr_config_real(c, "flow.nudge");
    params->walk = hr_config_real(c, "flow.walk");
    params->swing = hr_config_real(c, "flow.swing");
    params->swing_requests = (uint32_t)hr_config_count(c, "flow.swing_requests");
    params->price_mid = (uint32_t)hr_config_count(c, "flow.price_mid");
    params->price_full = hr_config_bool(c, "flow.price_full");
    params->qty_mean = hr_config_real(c, "flow.qty_mean");
    params->accounts = (uint32_t)hr_config_count(c, "flow.accounts");
    params->ids =
        strcmp(hr_config_text(c, "flow.ids"), "dense") == 0 ? HR_IDS_DENSE : HR_IDS_SPARSE;
}

bool hr_config_name_next(const char **at, char name[HR_CONFIG_NAME_MAX])
{
    size_t n;

    *at += strspn(*at, ", ");
    n = strcspn(*at, ", ");
    snprintf(name, HR_CONFIG_NAME_MAX, "%.*s",
             n < HR_CONFIG_NAME_MAX ? (int)n : HR_CONFIG_NAME_MAX - 1, *at);
    *at += n;
    return *name != '\0';
}

int hr_config_named_flow(const struct hr_config *c, const char *name,
                         struct hr_flow_params *params)
{
    int rc = hr_config_preset(name, params);

    params->seed = hr_config_count(c, "flow.seed");
    return rc;
}

static int check_flows(const struct hr_config *c, const char *key)
{
    const char *at = hr_config_text(c, key);
    char name[HR_CONFIG_NAME_MAX];
    struct hr_flow_params params;

    while (hr_config_name_next(&at, name)) {
        int rc = hr_config_preset(name, &params);

        if (rc) {
            return hr_context(rc, "%s", key);
        }
    }
    return 0;
}

int hr_config_check(const struct hr_config *c)
{
    struct hr_flow_params params;
    const char *wrong;
    int rc;

    hr_config_flow(c, &params);
    wrong = hr_flow_check(&params);
    rc = *wrong ? hr_fail(EINVAL, "%s", wrong) : check_flows(c, "throughput.flows");
    rc = rc ? rc : check_flows(c, "throughput.regimes");
    rc = rc ? rc : check_flows(c, "latency.flows");
    rc = rc ? rc : check_flows(c, "scaling.flows");
    return rc ? rc : check_flows(c, "device.flows");
}
