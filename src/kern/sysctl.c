/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings under /proc/sys, written at once. Before the first change the original
 * goes into sysctl_file, so that even after a kill the next run can put it back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/priv.h"

#define SYSCTL_FULL	(sizeof("/proc/sys/") + KOBJ_PATHLEN)
#define SYSCTL_VALUE	64		/* octets of an original */
#define RECOVER_MAX	8192		/* lines; more is not our file */

/* Writing one of these makes the kernel write others too (Documentation/networking/ip-sysctl). */
static const struct master { const char *path, *conf, *more; } masters[] = {
	{ "net/ipv4/ip_forward", "net/ipv4/conf", "net/ipv4/conf/all/accept_redirects" },
	{ "net/ipv6/conf/all/forwarding", "net/ipv6/conf", NULL },
};

/* What they were before we wrote the master: lines "path value". */
struct sysctl_side {
	const struct master *of;
	struct sysctl_side *next;
	char *lines;
};

static int sysctl_open(const char *path, int flags)
{
	char full[SYSCTL_FULL];
	int fd;

	if (path[0] == '/' || strstr(path, ".."))
		return -EINVAL;
	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int sysctl_read(const char *path, char *value, size_t cap)
{
	int fd = sysctl_open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, value, cap - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static int sysctl_write(const char *path, const char *value)
{
	int fd = sysctl_open(path, O_WRONLY);
	int rc = 0;

	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* ---- what goes with a master ---- */

static void side_line(FILE *f, const char *path)
{
	char value[SYSCTL_VALUE];

	if (sysctl_read(path, value, sizeof(value)) == 0)
		fprintf(f, "%s %s\n", path, value);
}

static struct sysctl_side **side_of(struct kern *k, const char *path)
{
	struct sysctl_side **s = &k->sysctl_side;

	while (*s && strcmp((*s)->of->path, path) != 0)
		s = &(*s)->next;
	return s;
}

static void side_drop(struct sysctl_side **at)
{
	struct sysctl_side *s = *at;

	if (!s)
		return;
	*at = s->next;
	free(s->lines);
	free(s);
}

/* Forwarding of each device and of those to come, all that follows "all". */
static char *side_read(const struct master *m)
{
	char path[SYSCTL_FULL], *lines = NULL;
	struct dirent *e;
	size_t len;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/sys/%s", m->conf);
	d = opendir(path);
	f = d ? open_memstream(&lines, &len) : NULL;
	while (f && (e = readdir(d))) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "all") == 0)
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s/forwarding", m->conf,
				     e->d_name) < sizeof(path))
			side_line(f, path);
	}
	if (f && m->more)
		side_line(f, m->more);
	if (d)
		closedir(d);
	if (!f || fclose(f) != 0) {
		free(lines);
		return NULL;
	}
	return lines;
}

/* Before the master is written. Without memory: as the kernel leaves it. */
static void side_take(struct kern *k, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(masters); i++) {
		struct sysctl_side *s;

		if (strcmp(masters[i].path, path) != 0)
			continue;
		s = calloc(1, sizeof(*s));
		if (!s)
			return;
		s->of = &masters[i];
		s->lines = side_read(&masters[i]);
		s->next = k->sysctl_side;
		k->sysctl_side = s;
	}
}

/* When the master has its old value again. */
static void side_give(struct kern *k, const char *path)
{
	struct sysctl_side **at = side_of(k, path);
	char *next = *at ? (*at)->lines : NULL;

	for (char *line = strsep(&next, "\n"); line; line = strsep(&next, "\n")) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		(void)sysctl_write(line, value);	/* a device may be gone */
	}
	side_drop(at);
}

void kern_sysctl_close(struct kern *k)
{
	while (k->sysctl_side)
		side_drop(&k->sysctl_side);
}

static bool changed_by_us(const struct kentry *e)
{
	return e->obj.kind == KOBJ_SYSCTL && e->users > 0 && e->was &&
	       strcmp(e->was, e->obj.sysctl.value) != 0;
}

/* ---- the file of originals ---- */

struct save { struct kern *k; FILE *f; };

/* Read backwards: first the master, then what goes with it. */
static void save_line(void *arg, struct kentry *e)
{
	const struct save *s = arg;
	const struct sysctl_side *side;

	if (!changed_by_us(e))
		return;
	side = *side_of(s->k, e->obj.sysctl.path);
	fprintf(s->f, "%s%s %s\n", side && side->lines ? side->lines : "", e->obj.sysctl.path,
		e->was);
}

static int sysctl_save(struct kern *k)
{
	char tmp[512];
	FILE *f;
	long size;
	int rc;

	if (!k->sysctl_file)
		return 0;
	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", k->sysctl_file) >= sizeof(tmp))
		return -ENAMETOOLONG;
	f = fopen(tmp, "we");
	if (!f)
		return -errno;
	ksw_each(&k->sw, save_line, &(struct save){ k, f });
	size = ftell(f);
	rc = fclose(f) != 0 ? -errno : 0;	/* no fsync: a reboot forgets sysctls too */
	if (rc == 0 && size > 0)
		rc = rename(tmp, k->sysctl_file) < 0 ? -errno : 0;
	else
		unlink(tmp);
	if (rc == 0 && size == 0)
		unlink(k->sysctl_file);
	return rc;
}

int kern_sysctl_recover(struct kern *k)
{
	FILE *f = k->sysctl_file ? fopen(k->sysctl_file, "re") : NULL;
	char line[KOBJ_PATHLEN + SYSCTL_VALUE + 2];
	char *was[RECOVER_MAX];
	size_t n = 0;
	int done = 0, rc;

	if (!f)
		return k->sysctl_file && errno != ENOENT ? -errno : 0;
	while (n < RECOVER_MAX && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		was[n] = strdup(line);
		if (was[n])
			n++;
	}
	fclose(f);
	while (n-- > 0) {		/* the last change first */
		char *value = strchr(was[n], ' ');

		rc = -EBADMSG;
		if (value) {
			*value++ = '\0';
			rc = sysctl_write(was[n], value);
		}
		if (rc == 0)
			done++;
		else if (rc != -ENOENT)	/* a device of then may be gone */
			log_warn("kern", "restore sysctl %s: %s", was[n], strerror(-rc));
		free(was[n]);
	}
	unlink(k->sysctl_file);
	return done;
}

/* ---- the kind ---- */

int kern_sysctl_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	struct kentry *e = op->e;
	char value[SYSCTL_VALUE];
	int rc;

	nlq_send(&k->rt);		/* the setting of a device that is only queued */
	if (!was) {
		rc = sysctl_read(o->sysctl.path, value, sizeof(value));
		if (rc < 0)
			goto fail;
		e->was = strdup(value);
		if (!e->was)
			return -ENOMEM;
		if (strcmp(value, o->sysctl.value) == 0)
			return 0;	/* nothing to change, nothing to put back */
		side_take(k, o->sysctl.path);
	}
	rc = sysctl_save(k);
	if (rc < 0)
		log_rl(&k->rl, "kern", "%s: %s", k->sysctl_file, strerror(-rc));
	rc = sysctl_write(o->sysctl.path, o->sysctl.value);
	if (rc == 0)
		return 0;
	if (!was) {			/* not changed: nothing to put back */
		free(e->was);
		e->was = NULL;
		side_drop(side_of(k, o->sysctl.path));
		(void)sysctl_save(k);
	}
fail:
	kop_why(op, "/proc/sys/%s", o->sysctl.path);
	return rc;
}

int kern_sysctl_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	struct kentry *e = op->e;
	int rc = 0;

	nlq_send(&k->rt);
	if (strcmp(e->was, o->sysctl.value) != 0) {
		rc = sysctl_write(o->sysctl.path, e->was);
		side_give(k, o->sysctl.path);
	}
	(void)sysctl_save(k);		/* said when it failed first */
	return rc;
}

struct each_arg {
	void (*fn)(void *arg, const char *path, const char *was, const char *now);
	void *arg;
};

static void each_one(void *arg, struct kentry *e)
{
	const struct each_arg *a = arg;

	if (changed_by_us(e))
		a->fn(a->arg, e->obj.sysctl.path, e->was, e->obj.sysctl.value);
}

void kern_sysctl_each(struct kern *k, void (*fn)(void *arg, const char *path, const char *was,
						 const char *now), void *arg)
{
	struct each_arg a = { fn, arg };

	ksw_each(&k->sw, each_one, &a);
}
