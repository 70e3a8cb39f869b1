/* Saved stories under any bytes: the file that fede explain is given back, told as a page, as lines, as rows of fields, through a
   filter; compared with itself by fede diff. The first byte says which. Lines that come out are JSON again, a page keeps its shape,
   the outcome fits, and nothing differs from itself. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/forms.h"
#include "fuzz/memfile.h"
#include "fuzz/want.h"
#include "report/diff.h"
#include "report/html.h"
#include "report/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compared(const char *file, enum report_form form)
{
    char *out = NULL, why[300];
    size_t n = 0;
    FILE *stream = open_memstream(&out, &n);
    want(stream != NULL);
    const struct diff_request request = {.sides = {{file, 1}, {file, 1}}, .command = "fede diff",
                                         .report = {.out = stream, .form = form, .level = 2, .width = 80, .utf8 = true}};
    enum diff_outcome outcome = diff_tell(&request, why, sizeof why);
    want(outcome == DIFF_EQUAL || outcome == DIFF_UNREADABLE || outcome == DIFF_NOTHING);
    want(fclose(stream) == 0);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 200000)
        return 0;
    static struct memfile file;
    const char *files[] = {memfile_with(&file, data + 1, size - 1)};
    static const struct select_options all = {.separator = '\t'}, some = {.filter = "record or type == 1", .separator = '\t'},
                                       fields = {.fields = {"sni", "connection", "tls.handshake.ciphersuite"}, .n_fields = 3, .separator = '\t', .header = true};
    static const struct select_options *const selects[] = {NULL, &all, &some, &fields};
    const struct select_options *select = selects[data[0] & 3];
    char *out[2] = {NULL, NULL}, why[300];
    size_t n[2] = {0};
    FILE *streams[] = {open_memstream(&out[0], &n[0]), open_memstream(&out[1], &n[1])};
    want(streams[0] != NULL && streams[1] != NULL);
    struct onlooker_request request = {
        .files = files, .n_files = 1, .select = select, .only = data[0] >> 6, .command = "fede explain",
        .report = {.out = streams[0], .form = data[0] & 4 ? REPORT_JSON_LINES : REPORT_SILENT},
        .page = {.out = data[0] & 8 ? streams[1] : NULL, .form = REPORT_HTML, .language = data[0] & 16 ? CHINESE : ENGLISH}};
    bool is = saved_is(files[0]);
    if (is && data[0] & 32)
        compared(files[0], data[0] & 16 ? REPORT_JSON : REPORT_TEXT);
    enum onlooker_outcome outcome = saved_tell(&request, why, sizeof why);
    want(why[0] != '\0');
    want(outcome != ONLOOKER_DONE || is || strchr(" \t\r\n\v\f[", data[1]) != NULL);
    want(fclose(streams[0]) == 0 && fclose(streams[1]) == 0);
    if (data[0] & 4 && select != &fields)
        want_json_lines(out[0]);
    want(strstr(out[1], "<!--") == NULL);
    free(out[0]);
    free(out[1]);
    return 0;
}
