/* report/filter.c: display filters, in the manner of Wireshark's.

     either  = both { ("or" | "||") both }
     both    = one { ("and" | "&&") one }
     one     = ("not" | "!") one | "(" either ")" | PATH [ test ]
     test    = relation value | "in" "{" value [ ".." value ] { [","] value [ ".." value ] } "}"
     value   = "in quotes" | word | number | aa:bb:cc

   A path alone asks whether the field is there. A field may have several values: a test holds when it holds for one of them,
   != when it holds for none and there is one. A word is compared with the registered name as well as with the text, whatever
   the case; what stands in quotes has to be equal to the letter. Numbers are decimal, 0x hexadecimal or 0 octal. */
#define _POSIX_C_SOURCE 200809L

#include "report/filter.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "report/story_path.h"

enum { DEEPEST = 64, TEXT_MOST = 2048 };
enum kind { OR, AND, NOT, THERE, EQUAL, UNEQUAL, LESS, LESS_EQUAL, MORE, MORE_EQUAL, CONTAINS, MATCHES, IN };

struct literal {
    struct literal *next;
    char *words;
    bool quoted, has_number;
    int64_t number;
    char *hex;            /* of aa:bb:cc, without the colons; NULL: it is none */
    struct literal *upto; /* the end of a range */
};

struct node {
    enum kind kind;
    struct node *a, *b; /* OR, AND, NOT */
    char *path;
    bool met; /* a line had it */
    struct literal *value;
    regex_t pattern;
    bool compiled;
};

struct filter {
    struct node *root;
};

struct parser {
    const char *text, *at;
    unsigned depth;
    struct text *why;
    bool failed;
};

static struct node *either(struct parser *p);
static struct node *both(struct parser *p);
static struct node *one(struct parser *p);
static struct node *test(struct parser *p);
static struct literal *value(struct parser *p, const char *behind);
static struct literal *set(struct parser *p);
static void node_free(struct node *n);
static void literal_free(struct literal *l);
static bool holds(struct node *n, const json_t *line);

struct filter *filter_new(const char *text, struct text *why)
{
    struct parser p = {.text = text, .at = text, .why = why};
    struct filter *f = calloc(1, sizeof *f);
    if (f == NULL) {
        text_add(why, "there is not enough memory");
        return NULL;
    }
    f->root = either(&p);
    if (f->root == NULL) {
        free(f);
        return NULL;
    }
    return f;
}

bool filter_check(const char *text, struct text *why)
{
    struct filter *f = filter_new(text, why);
    filter_free(f);
    return f != NULL;
}

void filter_free(struct filter *f)
{
    if (f == NULL)
        return;
    node_free(f->root);
    free(f);
}

bool filter_true(struct filter *f, const json_t *line)
{
    return holds(f->root, line);
}

static const char *unmet(const struct node *n)
{
    if (n == NULL)
        return NULL;
    if (n->path != NULL)
        return n->met ? NULL : n->path;
    const char *first = unmet(n->a);
    return first != NULL ? first : unmet(n->b);
}

const char *filter_unmet(const struct filter *f)
{
    return unmet(f->root);
}

/* ---- reading ---- */

static void *fail(struct parser *p, const char *what)
{
    if (!p->failed) {
        text_add(p->why, "column ");
        text_number(p->why, p->at - p->text + 1);
        text_add(p->why, ": ");
        text_add(p->why, what);
        if (*p->at != '\0') {
            text_add(p->why, ", not \"");
            text_escaped(p->why, bytes_first(bytes_text(p->at), 20));
            text_char(p->why, '"');
        }
    }
    p->failed = true;
    return NULL;
}

static void spaces(struct parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("_.-:/*+", c) != NULL);
}

/* A sign, or a word that ends there. */
static bool taken(struct parser *p, const char *token)
{
    spaces(p);
    size_t len = strlen(token);
    if (strncasecmp(p->at, token, len) != 0)
        return false;
    if (isalpha((unsigned char)token[0]) && in_word(p->at[len]))
        return false;
    p->at += len;
    return true;
}

static struct node *node_of(struct parser *p, enum kind kind, struct node *a, struct node *b)
{
    struct node *n = calloc(1, sizeof *n);
    if (n == NULL || p->failed) {
        node_free(a);
        node_free(b);
        free(n);
        return fail(p, "there is not enough memory");
    }
    *n = (struct node){.kind = kind, .a = a, .b = b};
    return n;
}

static struct node *either(struct parser *p)
{
    struct node *n = both(p);
    while (n != NULL && (taken(p, "or") || taken(p, "||")))
        n = node_of(p, OR, n, both(p));
    spaces(p);
    if (n != NULL && p->depth == 0 && *p->at != '\0') {
        node_free(n);
        return fail(p, "here \"and\" or \"or\" would have to follow");
    }
    return n;
}

static struct node *both(struct parser *p)
{
    struct node *n = one(p);
    while (n != NULL && (taken(p, "and") || taken(p, "&&")))
        n = node_of(p, AND, n, one(p));
    return n;
}

static struct node *one(struct parser *p)
{
    if (p->depth >= DEEPEST)
        return fail(p, "there are too many brackets inside each other");
    struct node *n;
    p->depth++;
    spaces(p);
    if (taken(p, "not") || (*p->at == '!' && p->at[1] != '=' && taken(p, "!"))) {
        n = one(p);
        n = n != NULL ? node_of(p, NOT, n, NULL) : NULL;
    } else if (taken(p, "(")) {
        n = either(p);
        if (n != NULL && !taken(p, ")")) {
            node_free(n);
            n = fail(p, "a bracket is not closed");
        }
    } else {
        n = test(p);
    }
    p->depth--;
    return n;
}

static const struct {
    const char *token;
    enum kind kind;
} relations[] = {
    {"==", EQUAL},      {"eq", EQUAL},      {"!=", UNEQUAL},        {"ne", UNEQUAL},      {"<=", LESS_EQUAL},
    {"le", LESS_EQUAL}, {">=", MORE_EQUAL}, {"ge", MORE_EQUAL},     {"<", LESS},          {"lt", LESS},
    {">", MORE},        {"gt", MORE},       {"contains", CONTAINS}, {"matches", MATCHES}, {"~", MATCHES},
    {"in", IN},
};

static struct node *test(struct parser *p)
{
    size_t len = 0;
    while (isalnum((unsigned char)p->at[len]) || (p->at[len] != '\0' && strchr("_.-", p->at[len]) != NULL))
        len++;
    bool reserved = len == 2 ? strncasecmp(p->at, "or", 2) == 0 || strncasecmp(p->at, "in", 2) == 0
                             : len == 3 && strncasecmp(p->at, "and", 3) == 0;
    if (len == 0 || isdigit((unsigned char)*p->at) || reserved)
        return fail(p, "the name of a field would have to stand here");
    struct node *n = node_of(p, THERE, NULL, NULL);
    if (n == NULL || (n->path = strndup(p->at, len)) == NULL) {
        node_free(n);
        return fail(p, "there is not enough memory");
    }
    p->at += len;
    const char *token = NULL;
    for (size_t i = 0; i < sizeof relations / sizeof *relations && token == NULL; i++) {
        if (!taken(p, relations[i].token))
            continue;
        token = relations[i].token;
        n->kind = relations[i].kind;
    }
    if (token == NULL && *p->at == '=')
        fail(p, "equality is written ==");
    else if (token != NULL)
        n->value = n->kind == IN ? set(p) : value(p, token);
    if (n->kind == MATCHES && n->value != NULL) {
        n->compiled = regcomp(&n->pattern, n->value->words, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
        if (!n->compiled)
            fail(p, "what stands before this is no regular expression (POSIX extended)");
    }
    if (p->failed) {
        node_free(n);
        return NULL;
    }
    return n;
}

/* What stands between quotes; \" and \\ stand for themselves. In a regular expression other backslashes stay. */
static char *quoted(struct parser *p)
{
    const char *start = p->at++;
    char *out = malloc(strlen(p->at) + 1), *to = out;
    if (out == NULL)
        return fail(p, "there is not enough memory");
    while (*p->at != '"' && *p->at != '\0') {
        if (*p->at == '\\' && (p->at[1] == '"' || p->at[1] == '\\'))
            p->at++;
        *to++ = *p->at++;
    }
    *to = '\0';
    if (*p->at == '\0') {
        p->at = start;
        free(out);
        return fail(p, "these quotes are not closed");
    }
    p->at++;
    return out;
}

static bool is_hex_pair(const char *s)
{
    return isxdigit((unsigned char)s[0]) && isxdigit((unsigned char)s[1]);
}

/* "aa:bb:cc" to "aabbcc". */
static char *bytes_of_word(const char *words)
{
    size_t len = strlen(words), n = 0;
    if (len < 5 || len % 3 != 2)
        return NULL;
    for (size_t i = 0; i < len; i += 3)
        if (!is_hex_pair(words + i) || (i + 2 < len && words[i + 2] != ':'))
            return NULL;
    char *hex = malloc(len);
    for (size_t i = 0; hex != NULL && i < len; i++)
        if (words[i] != ':')
            hex[n++] = (char)tolower((unsigned char)words[i]);
    if (hex != NULL)
        hex[n] = '\0';
    return hex;
}

static struct literal *value(struct parser *p, const char *behind)
{
    spaces(p);
    struct literal *l = calloc(1, sizeof *l);
    size_t len = 0;
    if (l == NULL)
        return fail(p, "there is not enough memory");
    if (*p->at == '"') {
        l->quoted = true;
        l->words = quoted(p);
    } else {
        while (in_word(p->at[len]) && strncmp(p->at + len, "..", 2) != 0)
            len++;
        l->words = len > 0 ? strndup(p->at, len) : NULL;
        p->at += len;
    }
    if (l->words == NULL) {
        char what[100];
        snprintf(what, sizeof what, "a value would have to follow %s", behind);
        literal_free(l);
        return fail(p, what);
    }
    char *end;
    l->number = strtoll(l->words, &end, 0);
    l->has_number = !l->quoted && end != l->words && *end == '\0';
    l->hex = l->quoted ? NULL : bytes_of_word(l->words);
    return l;
}

static struct literal *set(struct parser *p)
{
    struct literal *first = NULL, **last = &first;
    if (!taken(p, "{"))
        return fail(p, "\"{\" would have to follow \"in\"");
    do {
        *last = value(p, "\"{\"");
        if (*last != NULL && taken(p, ".."))
            (*last)->upto = value(p, "\"..\"");
        if (p->failed || *last == NULL)
            break;
        last = &(*last)->next;
        taken(p, ",");
        spaces(p);
    } while (*p->at != '}' && *p->at != '\0');
    if (!p->failed && !taken(p, "}"))
        fail(p, "\"}\" is missing");
    if (!p->failed)
        return first;
    literal_free(first);
    return NULL;
}

static void literal_free(struct literal *l)
{
    while (l != NULL) {
        struct literal *next = l->next;
        literal_free(l->upto);
        free(l->words);
        free(l->hex);
        free(l);
        l = next;
    }
}

static void node_free(struct node *n)
{
    if (n == NULL)
        return;
    node_free(n->a);
    node_free(n->b);
    literal_free(n->value);
    free(n->path);
    if (n->compiled)
        regfree(&n->pattern);
    free(n);
}

/* ---- asking ---- */

/* Below, at, above: -1, 0, 1; 2 when they can't be compared. */
static int order(const json_t *v, const struct literal *l)
{
    int64_t number;
    char own[TEXT_MOST];
    if (l->has_number && story_value_number(v, &number))
        return number < l->number ? -1 : number > l->number;
    struct text t = text_in(own, sizeof own);
    if (l->has_number || !story_value_text(v, 0, &t))
        return 2;
    int n = strcmp(own, l->words);
    return n < 0 ? -1 : n > 0;
}

static bool equal(const json_t *v, const struct literal *l)
{
    char own[TEXT_MOST];
    if (l->has_number) {
        int64_t number;
        if (story_value_number(v, &number))
            return number == l->number;
    }
    for (size_t n = 0;; n++) {
        struct text t = text_in(own, sizeof own);
        if (!story_value_text(v, n, &t))
            return false;
        if (l->hex != NULL && n == 2 && strcmp(own, l->hex) == 0)
            return true;
        if (l->quoted ? strcmp(own, l->words) == 0 : strcasecmp(own, l->words) == 0)
            return true;
    }
}

static bool contains(const json_t *v, const struct literal *l)
{
    const char *hex = json_string_value(json_object_get(v, "bytes"));
    char own[TEXT_MOST];
    struct text t = text_in(own, sizeof own);
    for (const char *at = hex; l->hex != NULL && at != NULL && (at = strstr(at, l->hex)) != NULL; at++)
        if ((at - hex) % 2 == 0)
            return true;
    story_value_text(v, 0, &t);
    return l->hex == NULL && strstr(own, l->words) != NULL;
}

static bool within(const json_t *v, const struct literal *l)
{
    for (; l != NULL; l = l->next) {
        if (l->upto == NULL) {
            if (equal(v, l))
                return true;
            continue;
        }
        int low = order(v, l), high = order(v, l->upto);
        if (low != 2 && high != 2 && low >= 0 && high <= 0)
            return true;
    }
    return false;
}

static bool fits(const struct node *n, const json_t *v)
{
    char own[TEXT_MOST];
    struct text t = text_in(own, sizeof own);
    int o;
    switch (n->kind) {
    case EQUAL:
    case UNEQUAL:
        return equal(v, n->value);
    case LESS:
    case LESS_EQUAL:
        o = order(v, n->value);
        return o == -1 || (o == 0 && n->kind == LESS_EQUAL);
    case MORE:
    case MORE_EQUAL:
        o = order(v, n->value);
        return o == 1 || (o == 0 && n->kind == MORE_EQUAL);
    case CONTAINS:
        return contains(v, n->value);
    case MATCHES:
        return story_value_text(v, 0, &t) && regexec(&n->pattern, own, 0, NULL, 0) == 0;
    case IN:
        return within(v, n->value);
    default:
        return true;
    }
}

static bool holds(struct node *n, const json_t *line)
{
    if (n->kind == NOT)
        return !holds(n->a, line);
    if (n->kind == OR || n->kind == AND) {
        bool a = holds(n->a, line), b = holds(n->b, line); /* both are asked: each notes what it has met */
        return n->kind == OR ? a || b : a && b;
    }
    struct story_values values;
    story_values(line, n->path, &values);
    bool some = false;
    for (size_t i = 0; i < values.n && !some; i++)
        some = fits(n, values.at[i]);
    n->met = n->met || values.n > 0;
    return n->kind == UNEQUAL ? values.n > 0 && !some : some;
}
