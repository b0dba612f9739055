/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/conf_flow.h"
#include "ctl/conf_schema.h"
#include "sec/crypto.h"

#define FILE_MAX	(64 << 20)
#define UMIP_PATH	"/etc/mip6d.conf"

/* One file: its text lives as long as the settings. */
struct source {
	char *name;
	config_t cfg;
	bool parsed;
};
struct sources { struct source *v; size_t n; };

/* ---- files ---- */

/* The whole file as a text that the caller frees; NULL with errno set. */
static char *slurp(const char *path)
{
	struct stat st;
	size_t n = 0, cap = 0;
	char *buf = NULL, *more;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t got = 1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		err = EISDIR;
	while (!err && got > 0) {
		if (n + 1 >= cap) {
			cap = cap ? cap * 2 : 16384;
			more = cap <= FILE_MAX ? realloc(buf, cap) : NULL;
			if (!more) {
				err = cap <= FILE_MAX ? ENOMEM : EFBIG;
				break;
			}
			buf = more;
		}
		got = read(fd, buf + n, cap - n - 1);
		err = got < 0 ? errno : 0;
		n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (!err) {
		buf[n] = '\0';
		return buf;
	}
	free(buf);
	errno = err;
	return NULL;
}

/* The file with the error may be one that this one includes. */
static void syntax_error(struct conf_ctx *x, const config_t *cfg, const char *text,
			 const char *name)
{
	const char *f = config_error_file(cfg), *said = config_error_text(cfg);
	unsigned line = (unsigned)config_error_line(cfg);
	char hint[256];

	if (!said || strcmp(said, "syntax error") != 0)
		conf_err_at(x, f ? f : name, line, "", "%s", said ? said : "not read");
	else if (!f && conf_hint(text, &line, hint, sizeof(hint)))
		conf_err_at(x, name, line, "", "%s", hint);
	else
		conf_err_at(x, f ? f : name, line, "", "syntax error in this line or before it");
}

/* Parses a text; the tree joins the sources even if it is empty, so that it is freed. */
static int parse(struct conf_ctx *x, struct sources *src, const char *text, const char *name)
{
	struct source *s = conf_grow(x, &src->v, &src->n, sizeof(*s));
	const char *slash = strrchr(name, '/'), *word;
	char dir[PATH_MAX] = ".", *wide;
	unsigned line;

	if (!s)
		return -ENOMEM;
	config_init(&s->cfg);
	s->parsed = true;
	s->name = strdup(name);
	wide = conf_widen(text);
	if (!s->name || !wide) {
		free(wide);
		return -ENOMEM;
	}
	x->file = s->name;
	if (slash && (size_t)(slash - name) < sizeof(dir))
		snprintf(dir, sizeof(dir), "%.*s", slash > name ? (int)(slash - name) : 1, name);
	config_set_include_dir(&s->cfg, dir);
	if (config_read_string(&s->cfg, wide)) {
		config_setting_set_hook(config_root_setting(&s->cfg), s->name);
	} else if ((line = conf_umip(text, &word))) {
		conf_err_at(x, name, line, word,
			    "this is a configuration of UMIP, the older mip6d: "
			    "its language is not ours, see mip6d.conf(5)");
	} else {
		syntax_error(x, &s->cfg, text, name);
	}
	free(wide);
	return 0;
}

static int add_file(struct conf_ctx *x, struct sources *src, const char *path)
{
	char *text = slurp(path);
	int rc = -errno;

	if (text) {
		rc = parse(x, src, text, path);
		free(text);
		return rc;
	}
	conf_err_at(x, path, 0, "", "%s%s", strerror(-rc),
		    rc == -ENOENT ? ": copy an example from /usr/share/doc/mip6d/examples, or name "
				    "another file with --config" :
		    rc == -EACCES ? ": the user that mip6d runs as must be able to read it" : "");
	if (rc == -ENOENT && strcmp(path, CONF_PATH) == 0 && access(UMIP_PATH, F_OK) == 0)
		conf_err_at(x, UMIP_PATH, 0, "", "is where UMIP, the older mip6d, has its "
			    "configuration: its language is not ours, see mip6d.conf(5)");
	return rc;
}

static bool ends(const char *name, const char *with)
{
	size_t n = strlen(name), k = strlen(with);

	return n > k && strcmp(name + n - k, with) == 0;
}

/* Also what has another name than it should; but not what was put aside, or a key. */
static int is_drop_in(const struct dirent *d)
{
	static const char *const meant[] = { ".conf", ".cfg", ".cnf", ".config", ".txt", ".ini" };
	const char *name = d->d_name;

	for (size_t i = 0; i < ARRAY_SIZE(meant); i++) {
		if (ends(name, meant[i]))
			return name[0] != '.';
	}
	return !strchr(name, '.') && strcmp(name, "README") != 0;
}

static int add_drop_ins(struct conf_ctx *x, struct sources *src, const char *path)
{
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) + 1 : 0, rc = 0, n;
	struct dirent **name = NULL;
	char dir[PATH_MAX], file[PATH_MAX + NAME_MAX + 2];

	if (snprintf(dir, sizeof(dir), "%.*sconf.d", len, path) >= (int)sizeof(dir))
		return 0;
	n = scandir(dir, &name, is_drop_in, alphasort);
	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		conf_err_at(x, dir, 0, "", "%s", strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", dir, name[i]->d_name);
		if (!ends(name[i]->d_name, ".conf"))
			conf_warn_at(x, file, "is not read: its name does not end in .conf");
		else if (rc == 0)
			rc = add_file(x, src, file);
		free(name[i]);
	}
	free(name);
	return rc;
}

/* ---- from settings to values ---- */

static struct conf *conf_new(void)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	conf_defaults(&conf_schema_top, c);
	c->ha.accept_rfc5555 = true;
	c->on_event.events = CONF_EVENTS;
	return c;
}

static void find_unsafe(struct conf_ctx *x, const struct sources *src)
{
	for (size_t i = 0; i < src->n; i++) {
		const config_setting_t *s = config_setting_get_member(
			config_root_setting(&src->v[i].cfg), "unsafe_timers");

		if (s && config_setting_type(s) == CONFIG_TYPE_BOOL)
			x->unsafe = config_setting_get_bool(s);
	}
}

static void read_source(struct conf_ctx *x, const struct source *src)
{
	uint64_t seen;

	x->file = src->name;
	x->root = config_root_setting(&src->cfg);
	seen = conf_walk(x, &conf_schema_top, x->root, x->c);
	for (size_t i = 0; i < conf_schema_top.n; i++) {
		if (seen & BIT64(i))
			x->top[i] = config_setting_get_member(x->root,
							      conf_schema_top.key[i].name);
	}
}

static void sources_free(struct conf_ctx *x, struct sources *src)
{
	for (size_t i = 0; i < src->n; i++) {
		if (src->v[i].parsed)
			config_destroy(&src->v[i].cfg);
		free(src->v[i].name);
	}
	free(src->v);
	for (size_t i = 0; i < SRC__COUNT; i++)
		free(x->src[i].s);
}

/* All sources are parsed: reads them, checks, and frees them. */
static int evaluate(struct conf_ctx *x, struct sources *src, struct conf **out)
{
	bool syntax = x->errs->n_error;
	int rc;

	find_unsafe(x, src);
	/* after a syntax error half of a file is missing: what it lacks is no error */
	for (size_t i = 0; i < src->n && !syntax; i++)
		read_source(x, &src->v[i]);
	if (src->n && !syntax) {
		x->file = src->v[0].name;
		conf_finish(x);
	}
	sources_free(x, src);
	rc = x->nomem ? -ENOMEM : x->errs->n_error ? -EINVAL : 0;
	if (rc == 0)
		*out = x->c;
	else
		conf_free(x->c);
	return rc;
}

int conf_load(const char *path, unsigned role_override, struct conf **out,
	      struct conf_errs *errs)
{
	struct conf_ctx x = { .c = conf_new(), .errs = errs, .file = path,
			      .override = role_override };
	struct sources src = { 0 };
	int rc, rc2;

	if (!x.c)
		return -ENOMEM;
	rc = add_file(&x, &src, path);
	if (rc == 0)
		rc = add_drop_ins(&x, &src, path);
	rc2 = evaluate(&x, &src, out);
	return rc < 0 ? rc : rc2;
}

int conf_load_text(const char *text, const char *name, unsigned role_override,
		   struct conf **out, struct conf_errs *errs)
{
	struct conf_ctx x = { .c = conf_new(), .errs = errs, .file = name,
			      .override = role_override };
	struct sources src = { 0 };

	if (!x.c)
		return -ENOMEM;
	x.nomem = parse(&x, &src, text, name) == -ENOMEM;
	return evaluate(&x, &src, out);
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->ha.n_link; i++) {
		free(c->ha.links[i].prefixes);
		free(c->ha.links[i].lives);
	}
	for (size_t i = 0; i < c->ha.n_node; i++) {
		free(c->ha.nodes[i].prefixes);
		free(c->ha.nodes[i].weights);
		conf_flows_free(c->ha.nodes[i].flows, c->ha.nodes[i].n_flow);
		crypto_wipe(&c->ha.nodes[i].sec, sizeof(c->ha.nodes[i].sec));
	}
	for (size_t i = 0; i < c->mn.n_home; i++) {
		free(c->mn.homes[i].prefixes);
		conf_flows_free(c->mn.homes[i].flows, c->mn.homes[i].n_flow);
		crypto_wipe(&c->mn.homes[i].sec, sizeof(c->mn.homes[i].sec));
	}
	free(c->ha.links);
	free(c->ha.nodes);
	free(c->ha.nets);
	free(c->ha.served);
	free(c->mn.uplinks);
	free(c->mn.homes);
	free(c->cn.policy);
	free(c->mn.ro.policy);
	free(c->log.debug);
	crypto_wipe(c, sizeof(*c));
	free(c);
}

unsigned conf_roles(const char *text)
{
	unsigned bits = 0;

	for (const char *p = text; *p; ) {
		size_t n = strcspn(p, ",");
		const struct conf_word *w = conf_word_role;

		while (w->name && (strlen(w->name) != n || strncmp(w->name, p, n) != 0))
			w++;
		if (!w->name)
			return 0;
		bits |= w->value;
		p += n;
		p += *p == ',';
	}
	return bits;
}

void conf_node(const struct conf *c, struct node_conf *n)
{
	*n = (struct node_conf){
		.roles = c->roles,
		.ha = c->roles & ROLE_HA ? &c->ha : NULL,
		.mn = c->roles & (ROLE_MN | ROLE_MR) ? &c->mn : NULL,
		.cn = c->roles & ROLE_CN ? &c->cn : NULL,
		.kern = { .ingress = c->ingress, .sysctl_file = c->sysctl_file },
		.dialect = c->roles & ROLE_HA ? c->ha.dialect : c->mn.dialect,
	};
}

int conf_check_print(FILE *f, const char *path, const struct conf *c,
		     const struct conf_errs *errs)
{
	for (size_t i = 0; i < errs->n; i++)
		fprintf(f, "%s%s\n", errs->msg[i].warning ? "warning: " : "", errs->msg[i].text);
	if (!c || errs->n_error)
		return 4;
	fprintf(f, "%s: ok:", path);
	for (const struct conf_word *w = conf_word_role; w->name; w++) {
		if (c->roles & w->value)
			fprintf(f, " role %s", w->name);
	}
	if (c->roles & ROLE_HA)
		fprintf(f, ", %zu home link%s, %zu mobile node%s", c->ha.n_link,
			c->ha.n_link == 1 ? "" : "s", c->ha.n_node, c->ha.n_node == 1 ? "" : "s");
	if (c->roles & (ROLE_MN | ROLE_MR))
		fprintf(f, ", %zu uplink%s, %zu home%s", c->mn.n_uplink,
			c->mn.n_uplink == 1 ? "" : "s", c->mn.n_home, c->mn.n_home == 1 ? "" : "s");
	if (c->roles & ROLE_CN)
		fprintf(f, ", %u correspondent binding%s", c->cn.max_bindings,
			c->cn.max_bindings == 1 ? "" : "s");
	fputc('\n', f);
	return 0;
}

int conf_iid_secret(struct conf *c)
{
	char path[PATH_MAX + 16], tmp[PATH_MAX + 32];
	struct stat st;
	ssize_t n;
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/iid_secret", c->state_dir);
	snprintf(tmp, sizeof(tmp), "%s.%d", path, (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		n = read(fd, c->mn.iid_secret, sizeof(c->mn.iid_secret));
		rc = fstat(fd, &st) < 0 ? -errno :
		     st.st_mode & (S_IRWXG | S_IRWXO) ? -EPERM :
		     n != sizeof(c->mn.iid_secret) ? -EINVAL : 0;
		close(fd);
		return rc;
	}
	if (errno != ENOENT)
		return -errno;
	crypto_random(c->mn.iid_secret, sizeof(c->mn.iid_secret));
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, c->mn.iid_secret, sizeof(c->mn.iid_secret));
	if (n != sizeof(c->mn.iid_secret) || fsync(fd) < 0)
		rc = n < 0 ? -errno : -EIO;
	close(fd);
	/* whole or not at all: a power cut must not leave half a secret */
	if (rc == 0 && rename(tmp, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(tmp);
	return rc;
}
