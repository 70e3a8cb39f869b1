/* A page of text for a terminal or a file: columns, wrapping, colour, boxes. Text is written once in UTF-8; where only ASCII
   is wanted its signs are replaced here. Widths are counted in terminal cells. Everything is gathered and handed to the
   stream whole, so that lines of several connections never mix. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/language.h"

enum style { PLAIN, STRONG, FAINT, CLIENT_SIDE, SERVER_SIDE, SECRET, GOOD, WARNING, BAD };

struct page {
    char *data;
    size_t len, room;
    unsigned width;
    unsigned column, wanted; /* where the next cell goes; where it is to go, filled with spaces when something comes */
    bool colour, utf8;
    enum language language;  /* of all that is no value */
    bool failed;             /* no memory: something is missing */
    bool boxed;
    char prefix[48];         /* in front of every line */
};

void page_start(struct page *page, unsigned width, bool colour, bool utf8);
void page_end(struct page *page);

/* Words of ours, in the page's language; control characters are escaped, a line never ends here. What may come from the network
   is a value and stays as it is. */
void page_put(struct page *page, enum style style, const char *text);
void page_value(struct page *page, enum style style, const char *text);
void page_number(struct page *page, enum style style, uint64_t n);
/* "12,345"; returns out. */
const char *page_grouped(char out[32], uint64_t n);
void page_hex(struct page *page, enum style style, bytes b, const char *between);
/* Text made by another page, colours and all, to be put as it stands at the end of a line. */
void page_ready(struct page *page, const char *text, size_t len);
/* What a page has so far, with a final NUL; "" without memory. */
const char *page_text(struct page *page);
/* The next text begins at that column, or a space further on when that is passed already. */
void page_to(struct page *page, unsigned column);
/* Text that ends before that column, or begins a space further on. */
void page_right(struct page *page, enum style style, unsigned column, const char *text);
/* Words, continued on further lines from column indent on. page_parts keeps together what stands between two separators
   (", " or "; ") when it can. */
void page_words(struct page *page, enum style style, unsigned indent, const char *text);
void page_parts(struct page *page, enum style style, unsigned indent, const char *text, const char *separator);
void page_value_words(struct page *page, enum style style, unsigned indent, const char *text);
void page_value_parts(struct page *page, enum style style, unsigned indent, const char *text, const char *separator);
void page_line(struct page *page);

void page_box(struct page *page, enum style style, const char *title);
void page_box_end(struct page *page, enum style style);

/* How many bytes of text take at most that many cells; it is cut where a line may end, if it can. */
size_t page_fitting(const struct page *page, const char *text, unsigned cells);
/* Cells that text takes on this page. */
unsigned page_cells(const struct page *page, const char *text);

/* Moves whole lines from one page to the end of another. */
void page_join(struct page *page, struct page *from);
/* Writes all, in one piece, and begins anew. */
void page_write(struct page *page, FILE *out);

#endif
