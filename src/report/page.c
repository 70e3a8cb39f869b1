/* report/page.c: laying out text.

   The page knows at which cell it stands. Spaces are owed until something comes behind them, so lines never end in blanks.
   Characters go through one function that knows three things: the ASCII form of the signs used in this project, the width
   of East Asian characters, and that no control character may pass. Colours are only ever added to words and signs that
   say the same without them. Words of ours are put in the page's language here (phrases.h); values pass as they are. */
#include "report/page.h"

#include <stdlib.h>

#include "report/phrases.h"

enum { SAID_MOST = 4096 };

static const char *in_words(const struct page *page, const char *text, char said[static SAID_MOST]);
static size_t next_character(const char *s, uint32_t *character);
static unsigned cells_of(const struct page *page, uint32_t c);
static bool is_wide(uint32_t c);
static size_t unbroken(const char *text);
static bool closes(uint32_t c);
static bool opens(uint32_t c);
static const char *in_ascii(uint32_t c);
static void put_cell(struct page *page, const char *s, size_t len, uint32_t c);
static void add(struct page *page, const char *s, size_t len);
static void begin(struct page *page);
static void paint(struct page *page, enum style style, const char *s, size_t len);
static unsigned right_edge(const struct page *page);
static void word(struct page *page, enum style style, unsigned indent, const char *s, size_t len);
static unsigned cells_in(const struct page *page, const char *s, size_t len);

static const char *const colours[] = {
    [STRONG] = "\033[1m",  [FAINT] = "\033[2m", [CLIENT_SIDE] = "\033[36m", [SERVER_SIDE] = "\033[35m",
    [SECRET] = "\033[33m", [GOOD] = "\033[32m", [WARNING] = "\033[33m",     [BAD] = "\033[1;31m",
};

void page_start(struct page *page, unsigned width, bool colour, bool utf8)
{
    enum { NARROWEST = 40, WIDEST = 1000 };
    *page = (struct page){.colour = colour, .utf8 = utf8};
    page->width = width == 0 ? 80 : width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
}

void page_end(struct page *page)
{
    if (page->data != NULL)
        bytes_wipe(page->data, page->room);
    free(page->data);
    page->data = NULL;
    page->len = page->room = 0;
}

void page_put(struct page *page, enum style style, const char *text)
{
    char said[SAID_MOST];
    page_value(page, style, text != NULL ? in_words(page, text, said) : NULL);
}

void page_value(struct page *page, enum style style, const char *text)
{
    if (text != NULL && *text != '\0')
        paint(page, style, text, strlen(text));
}

void page_number(struct page *page, enum style style, uint64_t n)
{
    char grouped[32];
    page_value(page, style, page_grouped(grouped, n));
}

const char *page_grouped(char out[32], uint64_t n)
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

void page_hex(struct page *page, enum style style, bytes b, const char *between)
{
    for (size_t i = 0; i < b.len; i++) {
        char two[8];
        snprintf(two, sizeof two, "%s%02x", i > 0 ? between : "", b.data[i]);
        page_value(page, style, two);
    }
}

void page_ready(struct page *page, const char *text, size_t len)
{
    begin(page);
    add(page, text, len);
    page->column++;
}

const char *page_text(struct page *page)
{
    add(page, "\0", 1);
    if (page->failed || page->len == 0)
        return "";
    page->len--;
    return page->data;
}

void page_to(struct page *page, unsigned column)
{
    unsigned now = page->wanted > page->column ? page->wanted : page->column;
    page->wanted = column >= now || now == 0 ? column : now + 1;
}

void page_right(struct page *page, enum style style, unsigned column, const char *text)
{
    char said[SAID_MOST];
    const char *words = in_words(page, text, said);
    unsigned cells = page_cells(page, words), from = column > cells ? column - cells : 0;
    page_to(page, from > 0 && from == page->column ? from + 1 : from);
    page_value(page, style, words);
}

void page_words(struct page *page, enum style style, unsigned indent, const char *text)
{
    char said[SAID_MOST];
    page_value_words(page, style, indent, in_words(page, text, said));
}

void page_value_words(struct page *page, enum style style, unsigned indent, const char *text)
{
    bool first = true, apart = true;
    while (*text != '\0') {
        size_t len = unbroken(text);
        if (len > 0) {
            /* A space is owed before every word but the first, unless a new line begins. */
            bool spaced = !first && apart;
            unsigned needs = cells_in(page, text, len) + (spaced ? 1 : 0);
            unsigned at = page->wanted > page->column ? page->wanted : page->column;
            if (at > indent && at + needs > right_edge(page)) {
                page_line(page);
                page_to(page, indent);
            } else if (spaced) {
                page->wanted = at + 1;
            }
            word(page, style, indent, text, len);
            first = false;
        }
        text += len;
        apart = *text == ' ';
        text += apart;
    }
}

/* How far text goes on without a place where a line may end: to the next space, or, in Chinese, to the next character that may
   begin a line. */
static size_t unbroken(const char *text)
{
    size_t at = 0;
    bool ideographic = false, opened = false;
    while (text[at] != '\0' && text[at] != ' ') {
        uint32_t c;
        size_t n = next_character(text + at, &c);
        bool wide = is_wide(c);
        if (at > 0 && (wide || ideographic) && !opened && !closes(c))
            break;
        opened = opens(c);
        ideographic = wide;
        at += n;
    }
    return at;
}

size_t page_fitting(const struct page *page, const char *text, unsigned cells)
{
    size_t good = 0, at = 0;
    while (text[at] != '\0') {
        size_t len = at + unbroken(text + at);
        if (cells_in(page, text, len) > cells)
            break;
        good = at = len;
        while (text[at] == ' ')
            at++;
    }
    if (good > 0)
        return good;
    uint32_t c;
    size_t next = next_character(text + at, &c);
    do { /* one word, longer than the line */
        at += next;
        next = next_character(text + at, &c);
    } while (text[at] != '\0' && cells_in(page, text, at + next) <= cells);
    return at;
}

/* Punctuation that stays with what is before it, and with what is behind it. */
static bool closes(uint32_t c)
{
    static const uint32_t marks[] = {0x3001, 0x3002, 0xff0c, 0xff1a, 0xff1b, 0xff09, 0x201d, 0xff01,
                                     0xff1f, 0x300d, ')',    ',',    '.',    ';',    ':'};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marks[i] == c)
            return true;
    return false;
}

static bool opens(uint32_t c)
{
    return c == 0xff08 || c == 0x201c || c == 0x300c;
}

void page_parts(struct page *page, enum style style, unsigned indent, const char *text, const char *separator)
{
    char said[SAID_MOST];
    const char *words = in_words(page, text, said);
    page_value_parts(page, style, indent, words, words != text && separator[0] == ';' ? "；" : separator);
}

void page_value_parts(struct page *page, enum style style, unsigned indent, const char *text, const char *separator)
{
    const size_t sign = strcspn(separator, " "); /* it stays with what is before it */
    while (*text != '\0') {
        const char *end = strstr(text, separator);
        size_t len = end != NULL ? (size_t)(end - text) + sign : strlen(text);
        char part[800];
        if (len >= sizeof part)
            len = sizeof part - 1;
        bytes_copy(part, text, len);
        part[len] = '\0';
        unsigned at = page->wanted > page->column ? page->wanted : page->column;
        if (at > indent && at + page_cells(page, part) > right_edge(page)) {
            page_line(page);
            page_to(page, indent);
        }
        page_value_words(page, style, indent, part);
        text += len;
        if (*text == ' ') {
            text++;
            page->wanted = page->column + 1;
        }
    }
}

void page_line(struct page *page)
{
    if (page->boxed) {
        page->wanted = page->width - 1;
        paint(page, FAINT, "│", strlen("│"));
    } else {
        page->wanted = page->column; /* spaces owed to nothing */
        begin(page);
    }
    add(page, "\n", 1);
    page->column = page->wanted = 0;
}

void page_box(struct page *page, enum style style, const char *title)
{
    paint(page, style, "╭─ ", strlen("╭─ "));
    page_put(page, STRONG, title);
    page_put(page, PLAIN, " ");
    while (page->column < page->width - 1)
        paint(page, style, "─", strlen("─"));
    paint(page, style, "╮", strlen("╮"));
    page_line(page);
    page->boxed = true;
}

void page_box_end(struct page *page, enum style style)
{
    page->boxed = false;
    paint(page, style, "╰", strlen("╰"));
    while (page->column < page->width - 1)
        paint(page, style, "─", strlen("─"));
    paint(page, style, "╯", strlen("╯"));
    page_line(page);
}

unsigned page_cells(const struct page *page, const char *text)
{
    return text != NULL ? cells_in(page, text, strlen(text)) : 0;
}

void page_join(struct page *page, struct page *from)
{
    add(page, from->data, from->len);
    page->failed = page->failed || from->failed;
    if (from->data != NULL)
        bytes_wipe(from->data, from->len);
    from->len = 0;
}

void page_write(struct page *page, FILE *out)
{
    if (page->len > 0 && out != NULL) {
        flockfile(out);
        fwrite(page->data, 1, page->len, out);
        fflush(out);
        funlockfile(out);
    }
    /* What was written may hold secrets. */
    if (page->data != NULL)
        bytes_wipe(page->data, page->len);
    page->len = 0;
}

/* The text in the page's language; what is longer than any phrase stays as it is. */
static const char *in_words(const struct page *page, const char *text, char said[static SAID_MOST])
{
    if (page->language == ENGLISH || text[0] == '\0' || strlen(text) >= SAID_MOST / 2)
        return text;
    struct text t = text_in(said, SAID_MOST);
    phrase_text(page->language, text, &t);
    return said;
}

/* ---- characters ---- */

static void paint(struct page *page, enum style style, const char *s, size_t len)
{
    begin(page);
    bool coloured = page->colour && style != PLAIN;
    if (coloured)
        add(page, colours[style], strlen(colours[style]));
    for (size_t at = 0; at < len;) {
        uint32_t c;
        size_t n = next_character(s + at, &c);
        if (n > len - at)
            n = len - at;
        put_cell(page, s + at, n, c);
        at += n;
    }
    if (coloured)
        add(page, "\033[0m", 4);
}

/* The line's prefix, the box's side, and the spaces owed. */
static void begin(struct page *page)
{
    if (page->column == 0 && page->prefix[0] != '\0' && (page->len == 0 || page->data[page->len - 1] == '\n')) {
        add(page, page->prefix, strlen(page->prefix));
    }
    if (page->boxed && page->column == 0) {
        const char *side = page->utf8 ? "│" : "|";
        if (page->colour)
            add(page, colours[FAINT], strlen(colours[FAINT]));
        add(page, side, strlen(side));
        if (page->colour)
            add(page, "\033[0m", 4);
        page->column = 1;
    }
    for (; page->column < page->wanted; page->column++)
        add(page, " ", 1);
    page->wanted = page->column;
}

static void put_cell(struct page *page, const char *s, size_t len, uint32_t c)
{
    const char *ascii = c >= 0x80 && !page->utf8 ? in_ascii(c) : NULL;
    page->column += cells_of(page, c);
    page->wanted = page->column;
    if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || (c >= 0x80 && !page->utf8 && ascii == NULL)) {
        for (size_t i = 0; i < len; i++) {
            char hex[8];
            add(page, hex, (size_t)snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)s[i]));
        }
        /* cells_of counts one byte; a longer character without an ASCII form takes four cells for each. */
        page->column += 4 * (unsigned)(len - 1);
        page->wanted = page->column;
        return;
    }
    if (ascii != NULL)
        add(page, ascii, strlen(ascii));
    else
        add(page, s, len);
}

static unsigned cells_of(const struct page *page, uint32_t c)
{
    if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0))
        return 4; /* \x1b */
    if (c < 0x80)
        return 1;
    if (!page->utf8) {
        const char *ascii = in_ascii(c);
        return ascii != NULL ? (unsigned)strlen(ascii) : 4;
    }
    if (c >= 0x300 && c <= 0x36f)
        return 0; /* combining marks */
    return is_wide(c) ? 2 : 1;
}

/* Characters of East Asia take two cells (Unicode's East_Asian_Width: W and F). */
static bool is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
           (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

static const char *in_ascii(uint32_t c)
{
    static const struct {
        uint16_t c;
        const char *ascii;
    } rows[] = {
        {0x2192, "->"}, {0x2190, "<-"},  {0x21d2, "=>"}, {0x21d0, "<="}, {0x2713, "ok"}, {0x2717, "!!"}, {0x2013, "-"},
        {0x2014, "-"},  {0x2026, "..."}, {0x00b7, "-"},  {0x2500, "-"},  {0x2502, "|"},  {0x256d, "+"},  {0x256e, "+"},
        {0x2570, "+"},  {0x256f, "+"},   {0x201c, "\""}, {0x201d, "\""}, {0x2019, "'"},
        {0x2510, "+"},  {0x2518, "+"},   {0x2524, "+"},  {0x25b6, ">"},  {0x25c0, "<"},  {0x2550, "="},  {0x254c, "."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].c == c)
            return rows[i].ascii;
    return NULL;
}

/* Never reads behind the final NUL; a byte that is no UTF-8 counts as the control character of its own number. */
static size_t next_character(const char *s, uint32_t *character)
{
    unsigned char b = (unsigned char)s[0];
    size_t n = b < 0x80 ? 1 : b >= 0xf0 && b < 0xf8 ? 4 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xc0 && b < 0xe0 ? 2 : 0;
    uint32_t c = n == 1 ? b : n > 1 ? b & (0x7fu >> n) : 0x80;
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        c = c << 6 | ((unsigned char)s[i] & 0x3f);
    }
    *character = n == 0 ? 0x80 : c;
    return n == 0 ? 1 : n;
}

static unsigned cells_in(const struct page *page, const char *s, size_t len)
{
    unsigned cells = 0;
    for (size_t at = 0; at < len;) {
        uint32_t c;
        size_t n = next_character(s + at, &c);
        unsigned one = cells_of(page, c);
        cells += one == 4 && c >= 0x80 ? 4 * (unsigned)n : one;
        at += n;
    }
    return cells;
}

/* One word; broken where the line ends when it is longer than a whole line. */
static void word(struct page *page, enum style style, unsigned indent, const char *s, size_t len)
{
    unsigned edge = right_edge(page);
    while (len > 0) {
        unsigned at = page->wanted > page->column ? page->wanted : page->column;
        size_t fits = 0;
        unsigned cells = 0;
        while (fits < len) {
            uint32_t c;
            size_t n = next_character(s + fits, &c);
            unsigned more = cells_in(page, s + fits, n);
            if (at + cells + more > edge && (cells > 0 || at > indent))
                break;
            cells += more;
            fits += n;
        }
        if (fits > 0)
            paint(page, style, s, fits);
        s += fits;
        len -= fits;
        if (len > 0) {
            page_line(page);
            page_to(page, indent);
        }
    }
}

static unsigned right_edge(const struct page *page)
{
    return page->boxed ? page->width - 2 : page->width;
}

static void add(struct page *page, const char *s, size_t len)
{
    if (page->failed || len == 0)
        return;
    if (page->room - page->len < len) {
        size_t room = page->room == 0 ? 4096 : page->room * 2;
        while (room - page->len < len)
            room *= 2;
        char *data = malloc(room);
        if (data == NULL) {
            page->failed = true;
            return;
        }
        bytes_copy(data, page->data, page->len);
        if (page->data != NULL)
            bytes_wipe(page->data, page->room);
        free(page->data);
        page->data = data;
        page->room = room;
    }
    bytes_copy(page->data + page->len, s, len);
    page->len += len;
}
