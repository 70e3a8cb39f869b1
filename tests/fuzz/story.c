/* Captures under any bytes, told in every form: what fede explain prints. The first byte chooses the form (text at its levels, the
   diagram, JSON, lines, a page, one conversation), the second the language and more, then come two bytes of length, a key log of
   that length, the capture. Text has nothing that a terminal would obey, JSON is JSON, a page has no element but its own. */
#include <stdlib.h>

#include "base/bytes.h"
#include "fuzz/forms.h"
#include "fuzz/memfile.h"
#include "report/onlooker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum form { QUIET, SHORT, LONG, FIELDS, BYTES, DIAGRAM, JSON, LINES, PAGE, FOLLOW, FOLLOW_FRAMES, FOLLOW_BYTES, FORMS };
enum { IN_CHINESE = 1, SECRETS_TOO = 2, ONE = 4, TRUSTS = 8, ASCII = 16, TIMES = 32 };

static const enum follow_form follows[] = {[FOLLOW] = FOLLOW_AUTO, [FOLLOW_FRAMES] = FOLLOW_HTTP2, [FOLLOW_BYTES] = FOLLOW_HEX};

/* What goes to standard error is no part of it. */
static enum onlooker_outcome tell(const struct onlooker_request *request, char *why, size_t size)
{
    static FILE *nowhere;
    FILE *before = stderr;
    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    want(nowhere != NULL);
    stderr = nowhere;
    enum onlooker_outcome outcome = onlooker_tell(request, why, size);
    stderr = before;
    return outcome;
}

static void look(enum form form, const char *out, size_t n)
{
    want(strlen(out) == n);
    if (form == JSON) {
        json_t *all = n > 0 ? json_loadb(out, n, JSON_ALLOW_NUL, NULL) : json_object();
        want(json_is_object(all));
        json_decref(all);
    } else if (form == LINES) {
        want_json_lines(out);
    } else if (form == PAGE) {
        want_page(out, times(out, "<article"));
    } else {
        want_plain(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memfile keylog, capture;
    static fede_trust *nobody;
    if (size < 5 || size > 100000)
        return 0;
    bytes rest = {data + 4, size - 4}, log = bytes_first(rest, load16(data + 2)), file = bytes_skip(rest, log.len);
    enum form form = (enum form)(data[0] % FORMS);
    unsigned more = data[1];
    const char *files[] = {memfile_with(&capture, file.data, file.len)}, *keylogs[] = {memfile_with(&keylog, log.data, log.len)};
    char *out = NULL, why[400];
    size_t n = 0;
    FILE *stream = open_memstream(&out, &n);
    if (nobody == NULL)
        nobody = fede_trust_new();
    want(stream != NULL && nobody != NULL);
    struct report_options report = {.out = stream, .form = form == JSON ? REPORT_JSON : form == LINES ? REPORT_JSON_LINES : REPORT_TEXT,
                                    .level = form <= BYTES ? (int)form : 1, .utf8 = !(more & ASCII), .width = 60 + data[0] / FORMS * 10u,
                                    .show_secrets = more & SECRETS_TOO, .language = more & IN_CHINESE ? CHINESE : ENGLISH,
                                    .times = more & TIMES, .onlooker = true, .diagram = form == DIAGRAM, .command = "fede explain"};
    struct report_options page = report;
    page.form = REPORT_HTML;
    if (form == PAGE)
        report.form = REPORT_SILENT;
    else
        page.out = NULL;
    const struct onlooker_request request = {.files = files, .n_files = 1, .keylogs = keylogs, .n_keylogs = log.len > 0,
                                             .trust = more & TRUSTS ? nobody : NULL, .judged_at = more & TRUSTS ? 1893456000 : 0,
                                             .only = more & ONE || form >= FOLLOW ? 1 : 0, .report = report, .page = page,
                                             .follow = form >= FOLLOW ? 1 : 0, .follow_form = form >= FOLLOW ? follows[form] : FOLLOW_AUTO,
                                             .command = "fede explain"};
    enum onlooker_outcome outcome = tell(&request, why, sizeof why);
    want(outcome != ONLOOKER_UNWRITTEN && memchr(why, 0, sizeof why) != NULL);
    want(fclose(stream) == 0);
    look(form, out, n);
    free(out);
    return 0;
}
