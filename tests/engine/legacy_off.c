/* engine/legacy_off.c: the build with FEDE_LEGACY=OFF: the setting says that it is not there, and nothing of the quarantine can
   be named, offered or chosen. */
#include "crypto/suites.h"
#include "pair.h"

static size_t passed, failed;

static void check(bool good, const char *what)
{
    if (good)
        passed++;
    else if (++failed < 20)
        printf("not ok: %s\n", what);
}

int main(void)
{
    static const char *const everyone[] = {"*"};
    const struct suite *suite;
    fede_config *config = pair_client_config(NULL);
    fede_legacy legacy = {.what = FEDE_LEGACY_CBC, .peers = everyone, .n_peers = 1, .reason = "r", .until = INT64_MAX};
    check(!fede_config_legacy(config, &legacy), "the setting is taken");
    check(fede_config_error(config) != NULL && fede_config_error(config)->reason == FEDE_CONFIG_LEGACY_NOT_BUILT,
          "it does not say that it is not built in");
    fede_config_free(config);
    for (size_t i = 0; (suite = suite_legacy_at(i)) != NULL; i++) {
        config = pair_client_config(NULL);
        check(!fede_config_suites(config, &suite->id, 1), suite->name);
        fede_config_free(config);
    }
    fede_config *client = pair_client_config(NULL), *server = pair_server_config(NULL, "transport");
    struct pair pair = {0};
    pair_start(&pair, client, server, NULL);
    check(pair_pump(&pair) && pair_established(pair.client) && pair_exchange(&pair, 1000),
          "what is left does not work");
    pair_end(&pair);
    fede_config_free(client);
    fede_config_free(server);
    printf("legacy_off: %zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
