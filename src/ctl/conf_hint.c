/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is wrong in a text that libconfig cannot parse: it says no more than "syntax error" and a
 * line, which for a bracket or quotation mark that is missing may be far from the mistake.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "ctl/conf_schema.h"

#define NESTED_MAX	32
#define BOM		"\xef\xbb\xbf"

/* What comes next. A ";" may be left out behind a value. */
enum want { KEY, EQUALS, VALUE, AFTER };

struct hint {
	const char *p, *key;		/* key: the last one, not ended */
	int key_len;
	unsigned line;			/* of p; of the mistake, when it is found */
	struct { char c; unsigned line; } open[NESTED_MAX];
	unsigned depth;
	enum want want;
	char *buf;			/* the words for the mistake */
	size_t n;
};

static PRINTF(3, 4) bool found(struct hint *h, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->buf, h->n, fmt, ap);
	va_end(ap);
	h->line = line;
	return true;
}

static bool in_list(const struct hint *h)
{
	return h->depth && h->open[h->depth - 1].c != '{';
}

/* Goes on to `end`, counting lines. */
static void advance(struct hint *h, const char *end)
{
	for (; h->p < end; h->p++)
		h->line += *h->p == '\n';
}

/* A line, which @include is as well, or as far as the end of the comment. */
static void comment(struct hint *h)
{
	const char *end = strlen(h->p) > 2 ? strstr(h->p + 2, "*/") : NULL;

	if (*h->p == '#' || *h->p == '@' || h->p[1] == '/')
		advance(h, h->p + strcspn(h->p, "\n"));
	else
		advance(h, end ? end + 2 : h->p + strlen(h->p));
}

static bool text(struct hint *h)
{
	const char *q = h->p + 1;

	while (*q && *q != '"' && *q != '\n')
		q += *q == '\\' && q[1] && q[1] != '\n' ? 2 : 1;
	if (*q != '"')
		return found(h, h->line, "the text that begins in this line does not end in it: a \""
			     " is missing");
	if (h->want == KEY || h->want == EQUALS)
		return found(h, h->line, "a text, but no key before it: key = \"text\";");
	h->p = q + 1;
	h->want = AFTER;
	return false;
}

static bool opens(struct hint *h)
{
	if (h->want == AFTER && in_list(h))
		return found(h, h->line, "a comma is missing before this %c", *h->p);
	if (h->want == EQUALS)
		return found(h, h->line, "%.*s: a = is missing behind it", h->key_len, h->key);
	if (h->depth == NESTED_MAX)
		return found(h, h->line, "too many brackets are open");
	h->open[h->depth].c = *h->p;
	h->open[h->depth++].line = h->line;
	h->want = *h->p++ == '{' ? KEY : VALUE;
	return false;
}

static bool closes(struct hint *h)
{
	const char want = *h->p == '}' ? '{' : *h->p == ')' ? '(' : '[';

	if (!h->depth)
		return found(h, h->line, "this %c closes nothing", *h->p);
	if (h->open[h->depth - 1].c != want)
		return found(h, h->open[h->depth - 1].line, "the %c of this line is not closed before"
			     " the %c of line %u", h->open[h->depth - 1].c, *h->p, h->line);
	if (h->want == EQUALS || (h->want == VALUE && want == '{'))
		return found(h, h->line, "%.*s has no value", h->key_len, h->key);
	h->depth--;
	h->p++;
	h->want = AFTER;
	return false;
}

/* A value without quotes, not ended. */
static bool bare(struct hint *h, const char *w, int len)
{
	static const char *const yes_no[] = { "yes", "no", "on", "off" };

	for (size_t i = 0; i < ARRAY_SIZE(yes_no); i++) {
		if (len == (int)strlen(yes_no[i]) && strncasecmp(w, yes_no[i], (size_t)len) == 0)
			return found(h, h->line, "%.*s is no value: true or false", len, w);
	}
	if ((len == 4 && strncasecmp(w, "true", 4) == 0) ||
	    (len == 5 && strncasecmp(w, "false", 5) == 0))
		return false;
	if (isdigit((unsigned char)*w) && (int)strspn(w, "0123456789") + 2 >= len &&
	    isalpha((unsigned char)w[len - 1]) && strncasecmp(w, "0x", 2) != 0 && w[len - 1] != 'L')
		return found(h, h->line, "%.*s is not a number: all times are seconds, without a"
			     " unit", len, w);
	if (isalpha((unsigned char)*w) || memchr(w, ':', (size_t)len) ||
	    memchr(w, '/', (size_t)len) ||
	    (memchr(w, '.', (size_t)len) != memrchr(w, '.', (size_t)len)))
		return found(h, h->line, "%.*s needs quotes: \"%.*s\"", len, w, len, w);
	return false;
}

static bool word(struct hint *h)
{
	bool value = h->want == VALUE || (h->want == AFTER && in_list(h));
	int len = 0;

	while (isalnum((unsigned char)h->p[len]) || (h->p[len] && strchr("_-.*+@%", h->p[len])) ||
	       (value && h->p[len] && strchr(":/", h->p[len])))
		len++;
	if (!len)
		return found(h, h->line, *h->p & 0x80 || !isprint((unsigned char)*h->p) ?
			     "a character that is not ASCII, outside of quotes; quotation marks"
			     " are \"" : "this %c makes no sense here", *h->p);
	if (h->want == EQUALS)
		return found(h, h->line, "%.*s: a = is missing behind it", h->key_len, h->key);
	if (value && h->want == AFTER && h->p[len + strspn(h->p + len, " \t")] == '=')
		return found(h, h->open[h->depth - 1].line, "the %c of this line is not closed before"
			     " %.*s in line %u", h->open[h->depth - 1].c, len, h->p, h->line);
	if (value && h->want == AFTER)
		return found(h, h->line, "a comma is missing before %.*s", len, h->p);
	if (value && bare(h, h->p, len))
		return true;
	if (!value) {
		h->key = h->p;
		h->key_len = len;
	}
	h->p += len;
	h->want = value ? AFTER : EQUALS;
	return false;
}

/* One piece of the text. True: it is the mistake. */
static bool piece(struct hint *h)
{
	switch (*h->p) {
	case '#':
	case '@':
		comment(h);
		return false;
	case '"':
		return text(h);
	case '{':
	case '(':
	case '[':
		return opens(h);
	case '}':
	case ')':
	case ']':
		return closes(h);
	case '=':
	case ':':
		if (h->want != EQUALS)
			return found(h, h->line, "this %c has no key before it", *h->p);
		h->p++;
		h->want = VALUE;
		return false;
	case ';':
	case ',':
		if (h->want == EQUALS || (h->want == VALUE && !in_list(h)))
			return found(h, h->line, "%.*s has no value", h->key_len, h->key);
		h->p++;
		h->want = in_list(h) ? VALUE : KEY;
		return false;
	default:
		if (h->p[0] != '/' || (h->p[1] != '/' && h->p[1] != '*'))
			return word(h);
		comment(h);
		return false;
	}
}

bool conf_hint(const char *text, unsigned *line, char *buf, size_t n)
{
	struct hint h = { .p = text, .line = 1, .want = KEY, .buf = buf, .n = n };
	bool wrong = false;

	if (strncmp(text, BOM, 3) == 0) {
		wrong = found(&h, 1, "the file begins with a byte order mark: save it as plain UTF-8"
			      " without");
	}
	while (!wrong && *h.p) {
		if (isspace((unsigned char)*h.p))
			advance(&h, h.p + 1);
		else if (h.want == AFTER && !in_list(&h) && !strchr(";,})]", *h.p))
			h.want = KEY;
		else
			wrong = piece(&h);
	}
	if (!wrong && h.depth)
		wrong = found(&h, h.open[h.depth - 1].line, "the %c of this line is never closed",
			      h.open[h.depth - 1].c);
	else if (!wrong && (h.want == EQUALS || h.want == VALUE))
		wrong = found(&h, h.line, "%.*s has no value", h.key_len, h.key);
	*line = wrong ? h.line : *line;
	return wrong;
}
