/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings under /proc/sys, written at once. Before the first change the original
 * goes into sysctl_file, so that even after a kill the next run can put it back.
 */
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
#define RECOVER_MAX	1024		/* lines; more is not our file */

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

static bool changed_by_us(const struct kentry *e)
{
	return e->obj.kind == KOBJ_SYSCTL && e->users > 0 && e->was &&
	       strcmp(e->was, e->obj.sysctl.value) != 0;
}

/* ---- the file of originals ---- */

static void save_line(void *arg, struct kentry *e)
{
	if (changed_by_us(e))
		fprintf(arg, "%s %s\n", e->obj.sysctl.path, e->was);
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
	ksw_each(&k->sw, save_line, f);
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
	if (strcmp(e->was, o->sysctl.value) != 0)
		rc = sysctl_write(o->sysctl.path, e->was);
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
