/* cli/legacy.c: the options of the quarantine. None of them works without the others: whoever allows what is advised against
   says until when and why. */
#include "cli/legacy.h"

#include <string.h>

#include "cli/words.h"

static bool take_list(struct legacy_settings *set, const char *value, struct text *why);

bool legacy_option(struct legacy_settings *set, const struct option_row *row, const char *value, struct text *why,
                   bool *taken)
{
    enum { DAY = 24 * 3600 };
    *taken = true;
    switch (row->key) {
    case LEGACY_WHAT:
        *taken = take_list(set, value, why);
        return true;
    case LEGACY_UNTIL:
        *taken = value_time(value, &set->until, why);
        if (strlen(value) == strlen("2027-06-30") && strchr(value, '-') != NULL)
            set->until += DAY; /* the day belongs to it */
        return true;
    case LEGACY_REASON:
        set->reason = value;
        return true;
    case LEGACY_PEER:
        *taken = set->n_peers < sizeof set->peers / sizeof *set->peers;
        if (*taken)
            set->peers[set->n_peers++] = value;
        else
            text_add(why, "no more than 16 peers");
        return true;
    default:
        return false;
    }
}

static bool take_list(struct legacy_settings *set, const char *value, struct text *why)
{
    static const struct {
        const char *name;
        unsigned what;
    } rows[] = {{"rsa", FEDE_LEGACY_RSA}, {"dhe", FEDE_LEGACY_DHE}, {"cbc", FEDE_LEGACY_CBC}};
    for (const char *at = value; *at != '\0';) {
        size_t len = strcspn(at, ","), i = 0;
        while (i < 3 && (strlen(rows[i].name) != len || strncmp(rows[i].name, at, len) != 0))
            i++;
        if (i == 3) {
            text_format(why, "\"%.*s\" is none of rsa, dhe, cbc", (int)len, at);
            return false;
        }
        set->what |= rows[i].what;
        at += len + (at[len] != '\0');
    }
    if (set->what == 0)
        text_add(why, "one of rsa, dhe, cbc is needed");
    return set->what != 0;
}

bool legacy_check(const struct legacy_settings *set, struct text *why)
{
    bool any = set->what != 0 || set->until != 0 || set->reason != NULL || set->n_peers > 0;
    if (!any || (set->what != 0 && set->until != 0 && set->reason != NULL && set->reason[0] != '\0'))
        return true;
    text_add(why, "--legacy, --legacy-until and --legacy-reason go together");
    return false;
}

bool legacy_apply(const struct legacy_settings *set, fede_config *config, const char *otherwise)
{
    bool named = set->n_peers > 0;
    if (set->what == 0)
        return true;
    return fede_config_legacy(config, &(fede_legacy){.what = set->what,
                                                     .peers = named ? set->peers : &otherwise,
                                                     .n_peers = named ? set->n_peers : 1,
                                                     .reason = set->reason,
                                                     .until = set->until});
}
