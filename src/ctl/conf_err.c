/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/conf_schema.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX		128
#define WORD_MAX	32

/* "homes.prefixes.device": names up to the root; items of a list have none. */
static void key_path(const config_setting_t *s, char *buf, size_t n)
{
	const char *name[8];
	size_t depth = 0, used = 0;

	for (; s && depth < ARRAY_SIZE(name); s = config_setting_parent(s)) {
		if (config_setting_name(s))
			name[depth++] = config_setting_name(s);
	}
	buf[0] = '\0';
	while (depth-- > 0 && used < n)
		used += (size_t)snprintf(buf + used, n - used, "%s%s", used ? "." : "",
					 name[depth]);
}

static const char *file_of(const struct conf_ctx *x, const config_setting_t *s)
{
	const char *f = s ? config_setting_source_file(s) : NULL;

	/* a text has no name in libconfig; the hook of its root has it */
	while (s && !f) {
		f = config_setting_get_hook(s);
		s = config_setting_parent(s);
	}
	return f ? f : x->file;
}

static PRINTF(6, 0) void say(struct conf_ctx *x, bool warning, const char *file, unsigned line,
			     const char *key, const char *fmt, va_list ap)
{
	struct conf_errs *e = x->errs;
	struct conf_msg *m = realloc(e->msg, (e->n + 1) * sizeof(*m));
	char *text = NULL, *what = NULL, at[16] = "";

	if (line)
		snprintf(at, sizeof(at), ":%u", line);
	if (m)
		e->msg = m;
	if (!m || vasprintf(&what, fmt, ap) < 0 ||
	    asprintf(&text, "%s%s: %s%s%s", file, at, key, *key ? ": " : "", what) < 0) {
		x->nomem = true;
		free(what);
		return;
	}
	free(what);
	e->msg[e->n++] = (struct conf_msg){ .warning = warning, .text = text };
	e->n_error += !warning;
}

int conf_err(struct conf_ctx *x, const config_setting_t *s, const char *key,
	     const char *fmt, ...)
{
	char path[KEY_MAX];
	va_list ap;

	key_path(s, path, sizeof(path));
	va_start(ap, fmt);
	say(x, false, file_of(x, s), s ? config_setting_source_line(s) : 0, key ? key : path, fmt,
	    ap);
	va_end(ap);
	return -EINVAL;
}

void conf_missing(struct conf_ctx *x, const config_setting_t *s, const struct conf_key *k)
{
	char path[KEY_MAX], key[KEY_MAX + WORD_MAX];

	key_path(s, path, sizeof(path));
	snprintf(key, sizeof(key), "%s%s%s", path, *path ? "." : "", k->name);
	if (k->kind == CK_GROUP)
		conf_err(x, s, key, "is missing: see %s in mip6d.conf(5)", k->name);
	else
		conf_err(x, s, key, "is missing: %s", k->help);
}

void conf_warn(struct conf_ctx *x, const config_setting_t *s, const char *key,
	       const char *fmt, ...)
{
	char path[KEY_MAX];
	va_list ap;

	key_path(s, path, sizeof(path));
	va_start(ap, fmt);
	say(x, true, file_of(x, s), s ? config_setting_source_line(s) : 0, key ? key : path, fmt,
	    ap);
	va_end(ap);
}

int conf_err_at(struct conf_ctx *x, const char *file, unsigned line, const char *key,
		const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(x, false, file, line, key, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void conf_warn_at(struct conf_ctx *x, const char *file, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(x, true, file, 0, "", fmt, ap);
	va_end(ap);
}

const char *conf_place(const struct conf_ctx *x, const config_setting_t *s, char *buf, size_t n)
{
	snprintf(buf, n, "%s:%u", file_of(x, s), config_setting_source_line(s));
	return buf;
}

void conf_errs_free(struct conf_errs *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->msg[i].text);
	free(e->msg);
	*e = (struct conf_errs){ 0 };
}

/* Edit distance; a swap of neighbours counts as one. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 1], *before = row[0], *last = row[1], *now = row[2], *t;
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	memset(row, 0, sizeof(row));
	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			now[j] = MIN(MIN(last[j], now[j - 1]) + 1,
				     last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], before[j - 2] + 1);
		}
		t = before, before = last, last = now, now = t;
	}
	return last[nb];
}

const char *conf_did_you_mean(const char *word, const char *(*next)(const void *arg, size_t i),
			      const void *arg)
{
	unsigned best = (unsigned)(strlen(word) / 3) + 1, d;
	const char *found = NULL, *name;

	for (size_t i = 0; (name = next(arg, i)); i++) {
		d = distance(word, name);
		if (d < best || (d == best && !found)) {
			best = d;
			found = name;
		}
	}
	return found;
}

/* The older daemon of the same name has a language of its own: its words at the head of a line. */
unsigned conf_umip(const char *text, const char **keyword)
{
	static const char *const word[] = {
		"NodeConfig",
		"DebugLevel",
		"DebugLogFile",
		"MnHomeLink",
		"HomeAddress",
		"HomeAgentAddress",
		"HaAcceptMobRtr",
		"HaServedPrefix",
		"HaMaxBindingLife",
		"UseMnHaIPsec",
		"UseMovementModule",
		"IPsecPolicySet",
		"KeyMngMobCapability",
		"DoRouteOptimizationMN",
		"DoRouteOptimizationCN",
		"UseCnBuAck",
		"MnMaxHaBindingLife",
		"MnMaxCnBindingLife",
		"MobRtrUseExplicitMode",
		"BindingAclPolicy",
		"IsMobRtr",
		"DefaultBindingAclPolicy",
		"NonVolatileBindingCache",
		"OptimisticHandoff",
	};
	unsigned line = 1;

	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL, line++) {
		size_t n;

		p += strspn(p, " \t");
		for (n = 0; isalpha((unsigned char)p[n]); n++)
			;
		if (p[n + strspn(p + n, " \t")] == '=')
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(word); i++) {
			if (strlen(word[i]) == n && strncmp(p, word[i], n) == 0) {
				*keyword = word[i];
				return line;
			}
		}
	}
	return 0;
}

/* Copies what is no number: a comment, a text in quotes, or one octet. Returns octets taken. */
static size_t skip_other(const char *p)
{
	const char *q = p;

	if (p[0] == '#' || (p[0] == '/' && p[1] == '/'))
		return strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*') {
		q = strstr(p + 2, "*/");
		return q ? (size_t)(q - p) + 2 : strlen(p);
	}
	if (p[0] == '"') {
		for (q = p + 1; *q && *q != '"'; q++)
			q += *q == '\\' && q[1];
		return (size_t)(q - p) + (*q == '"');
	}
	while (isalnum((unsigned char)*q) || *q == '_' || *q == '.' ||
	       (*q == '-' && isalpha((unsigned char)*p)))
		q++;
	return q > p ? (size_t)(q - p) : 1;
}

char *conf_widen(const char *text)
{
	size_t len = strlen(text), used = 0;
	char *out = malloc(len + len / 8 + 2); /* a number that grows has 8 digits or more */

	for (const char *p = text; out && *p; ) {
		size_t n = skip_other(p);
		bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
		bool number = isdigit((unsigned char)*p) &&
			      strspn(p + 2 * hex, hex ? "0123456789abcdefABCDEF" : "0123456789") ==
				      n - 2 * hex;

		memcpy(out + used, p, n);
		used += n;
		p += n;
		if (number && n >= 10)
			out[used++] = 'L';
	}
	if (out)
		out[used] = '\0';
	return out;
}
