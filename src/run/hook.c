/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/hook.h"

#include <dirent.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/log.h"
#include "run/timer.h"

#define PROGRAMS	32		/* of the directory; more are not run */
#define LINES		50		/* of one run that are logged */
#define LINE_LEN	256

struct prog {
	char name[NAME_MAX + 1];
	bool listed;			/* in the directory when that was read last */
	struct event *wait;		/* ring of n events from head on; size places */
	unsigned head, n, size;
	uint64_t dropped;		/* since its last run */
	pid_t pid;			/* 0: it does not run */
	enum event_type event;		/* that it runs for */
	bool killed;
	ev_child child;
	ev_timer limit;
	ev_io out;			/* .fd is open while it runs */
	char line[LINE_LEN];
	size_t len;
	unsigned lines;
};

static struct {
	struct ev_loop *loop;
	struct hook_conf c;
	char socket[PATH_MAX];
	struct prog *prog[PROGRAMS];
	unsigned n, next, running;
	struct stat dir;		/* as it was read; st_ino 0: not yet */
	struct hook_stats stats;
	struct log_rl rl, news;
} h;

static void kick(void);

/* ---- the directory ---- */

/* Nobody but root and our own user can change it. */
static bool safe(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & S_IWOTH) &&
	       !(st->st_mode & S_IWGRP && st->st_gid != 0);
}

/* As run-parts(8): no backups, no leftovers of package managers. */
static bool sane(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n && !name[n];
}

static void prog_free(unsigned i)
{
	free(h.prog[i]->wait);
	free(h.prog[i]);
	memmove(&h.prog[i], &h.prog[i + 1], (--h.n - i) * sizeof(h.prog[0]));
}

/* In the order of their names. */
static void prog_list(const char *name)
{
	struct prog *p;
	unsigned i = 0;

	while (i < h.n && strcmp(h.prog[i]->name, name) < 0)
		i++;
	if (i < h.n && strcmp(h.prog[i]->name, name) == 0) {
		h.prog[i]->listed = true;
		return;
	}
	p = h.n < PROGRAMS ? calloc(1, sizeof(*p)) : NULL;
	if (!p) {
		log_rl(&h.rl, "hook", "%s: not run: more than %d programs", name, PROGRAMS);
		return;
	}
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->listed = true;
	memmove(&h.prog[i + 1], &h.prog[i], (h.n++ - i) * sizeof(h.prog[0]));
	h.prog[i] = p;
}

static void read_dir(DIR *d)
{
	const struct dirent *e;

	for (unsigned i = 0; i < h.n; i++)
		h.prog[i]->listed = false;
	while (d && (e = readdir(d)))
		if (sane(e->d_name))
			prog_list(e->d_name);
	for (unsigned i = h.n; i-- > 0;)
		if (!h.prog[i]->listed && !h.prog[i]->pid)
			prog_free(i);
}

/* Looks anew when the directory has changed, or changed so lately that its time cannot tell. */
static void look(void)
{
	struct stat st = { 0 };
	bool ok = *h.c.dir && stat(h.c.dir, &st) == 0 && S_ISDIR(st.st_mode);
	DIR *d = NULL;

	if (*h.c.dir && !ok)
		log_rl(&h.rl, "hook", "%s: %s", h.c.dir, strerror(errno ? errno : ENOTDIR));
	if (ok && !safe(&st)) {
		log_rl(&h.rl, "hook", "%s: others than root can change it: nothing is run",
		       h.c.dir);
		ok = false;
	}
	if (ok && h.dir.st_ino == st.st_ino && h.dir.st_dev == st.st_dev &&
	    h.dir.st_mtime == st.st_mtime && h.dir.st_size == st.st_size)
		return;
	if (ok)
		d = opendir(h.c.dir);
	read_dir(d);
	if (d)
		closedir(d);
	h.dir = st;
	if (!d || st.st_mtime + 1 >= (time_t)run_wall())
		h.dir.st_ino = 0;
}

/* ---- what it says ---- */

static void say(struct prog *p)
{
	if (!p->len)
		return;
	p->line[p->len] = '\0';
	p->len = 0;
	if (++p->lines <= LINES)
		log_info("hook", "%s: %s", p->name, p->line);
	else if (p->lines == LINES + 1)
		log_info("hook", "%s: ... (it says more)", p->name);
}

/* As read(2): 0 is the end, -EAGAIN that nothing is there now. */
static ssize_t hear(struct prog *p)
{
	char buf[4096];
	ssize_t n = read(p->out.fd, buf, sizeof(buf));

	for (ssize_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)buf[i];

		if (c == '\n') {
			say(p);
			continue;
		}
		if (p->len + 1 == sizeof(p->line))
			say(p);
		p->line[p->len++] = (char)(c < ' ' || c == 0x7f ? '?' : c);
	}
	return n < 0 ? -errno : n;
}

static void out_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	ssize_t n = hear(w->data);

	(void)revents;
	if (n <= 0 && n != -EAGAIN && n != -EINTR)
		ev_io_stop(loop, w);
}

/* ---- the end of a run ---- */

static void ended(struct prog *p, int status)
{
	const char *event = event_desc[p->event].name;

	if (p->killed)
		return;			/* said when that was done */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		log_debug("hook", "%s: done (%s)", p->name, event);
		return;
	}
	h.stats.failed++;
	if (WIFEXITED(status))
		log_rl(&h.news, "hook", "%s: exit status %d (%s)", p->name, WEXITSTATUS(status),
		       event);
	else
		log_rl(&h.news, "hook", "%s: killed by signal %d (%s)", p->name, WTERMSIG(status),
		       event);
}

static void stop_watching(struct prog *p)
{
	ev_child_stop(h.loop, &p->child);
	ev_timer_stop(h.loop, &p->limit);
	ev_io_stop(h.loop, &p->out);
	close(p->out.fd);
}

static void child_cb(struct ev_loop *loop, ev_child *w, int revents)
{
	struct prog *p = w->data;

	(void)loop, (void)revents;
	kill(-p->pid, SIGKILL);		/* whom it has left behind */
	for (int i = 0; i < LINES && hear(p) > 0; i++)
		;
	say(p);
	stop_watching(p);
	ended(p, w->rstatus);
	p->pid = 0;
	h.running--;
	for (unsigned i = 0; i < h.n; i++)
		if (h.prog[i] == p && !p->listed)
			prog_free(i);
	kick();
}

static void limit_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct prog *p = w->data;

	(void)loop, (void)revents;
	p->killed = true;
	h.stats.killed++;
	log_rl(&h.news, "hook", "%s: took more than %g s, killed (%s)", p->name, h.c.timeout,
	       event_desc[p->event].name);
	kill(p->pid, SIGKILL);		/* it may have no group of its own yet */
	kill(-p->pid, SIGKILL);
}

/* ---- a run ---- */

/* The ambient ones are those of the service; root gets all that he is not kept from. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].inheritable = 0;
	syscall(SYS_capset, &head, data);
}

/* In the child. Nothing of the daemon goes with it: descriptors, signals, capabilities. */
static void become(const char *path, int out, char **env, const char *event)
{
	char *const argv[] = { (char *)path, (char *)event, NULL };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	setsid();
	for (int s = 1; s < NSIG; s++)
		sigaction(s, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir("/") < 0)
		_exit(126);
	if (syscall(SYS_close_range, 3, ~0U, 0) < 0)
		for (int fd = 3; fd < 4096; fd++)
			close(fd);
	if (!h.c.keep_capabilities)
		drop_capabilities();
	execve(path, argv, env);
	dprintf(2, "%s\n", strerror(errno));
	_exit(127);
}

static bool may_run(const struct prog *p, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return false;		/* a README, or gone since */
	if (safe(&st))
		return true;
	h.stats.refused++;
	log_rl(&h.rl, "hook", "%s: not run: others than root can change it (uid=%u mode=%o)",
	       p->name, st.st_uid, st.st_mode & 07777);
	return false;
}

static void watch(struct prog *p, int out)
{
	ev_child_init(&p->child, child_cb, p->pid, 0);
	ev_timer_init(&p->limit, limit_cb, h.c.timeout, 0.);
	ev_io_init(&p->out, out_cb, out, EV_READ);
	p->child.data = p->limit.data = p->out.data = p;
	ev_child_start(h.loop, &p->child);
	ev_now_update(h.loop);
	ev_timer_start(h.loop, &p->limit);
	ev_io_start(h.loop, &p->out);
}

/* 0 or -errno: nothing runs. */
static int spawn(struct prog *p, const struct event *e, const char *path)
{
	char **env = hook_env(e, run_wall() - (run_now() - e->at), h.socket, p->dropped);
	int fd[2] = { -1, -1 }, rc = 0;

	if (!env || pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		rc = env ? -errno : -ENOMEM;
	if (rc == 0) {
		fcntl(fd[1], F_SETFL, 0);	/* the program's end waits, as others do */
		p->pid = fork();
		rc = p->pid < 0 ? -errno : 0;
	}
	if (rc == 0 && p->pid == 0)
		become(path, fd[1], env, event_desc[e->type].name);
	free(env);
	if (fd[1] >= 0)
		close(fd[1]);
	if (rc == 0) {
		watch(p, fd[0]);
	} else {
		p->pid = 0;
		if (fd[0] >= 0)
			close(fd[0]);
	}
	return rc;
}

static void run(struct prog *p)
{
	struct event e = p->wait[p->head];
	char path[PATH_MAX + NAME_MAX + 2];
	int rc;

	p->head = (p->head + 1) % p->size;
	p->n--;
	snprintf(path, sizeof(path), "%s/%s", h.c.dir, p->name);
	if (!may_run(p, path))
		return;
	p->event = e.type;
	p->killed = false;
	p->lines = 0;
	p->len = 0;
	rc = spawn(p, &e, path);
	if (rc < 0) {
		h.stats.failed++;
		log_rl(&h.rl, "hook", "%s: %s", p->name, strerror(-rc));
		return;
	}
	p->dropped = 0;
	h.stats.run++;
	h.running++;
}

/* In turn, so that a busy program does not keep others from running. */
static void kick(void)
{
	for (unsigned tries = h.n; tries && h.n && h.running < h.c.processes; tries--) {
		struct prog *p = h.prog[h.next++ % h.n];

		while (p->n && !p->pid)
			run(p);
	}
}

/* ---- events ---- */

static bool grow(struct prog *p)
{
	unsigned size = p->size ? p->size * 2 : 8;
	struct event *ring = malloc(size * sizeof(*ring));

	if (!ring)
		return false;
	for (unsigned i = 0; i < p->n; i++)
		ring[i] = p->wait[(p->head + i) % p->size];
	free(p->wait);
	p->wait = ring;
	p->head = 0;
	p->size = size;
	return true;
}

/* Full: the oldest makes room, for the newest says how it is. */
static void push(struct prog *p, const struct event *e)
{
	if (p->n >= h.c.queue || (p->n == p->size && !grow(p))) {
		h.stats.dropped++;
		p->dropped++;
		log_rl(&h.rl, "hook", "%s: too slow, %llu events dropped since its last run",
		       p->name, (unsigned long long)p->dropped);
		if (!p->n)
			return;
		p->head = (p->head + 1) % p->size;
		p->n--;
	}
	p->wait[(p->head + p->n++) % p->size] = *e;
}

static void on_event(void *arg, const struct event *e)
{
	(void)arg;
	if (!*h.c.dir || !(h.c.events & 1u << e->type))
		return;
	look();
	for (unsigned i = 0; i < h.n; i++)
		if (h.prog[i]->listed)
			push(h.prog[i], e);
	kick();
}

/* ---- start, stop ---- */

int hook_open(struct ev_loop *loop, const struct hook_conf *c, const char *socket)
{
	int rc = event_listen(on_event, &h);

	if (rc < 0)
		return rc;
	h.loop = loop;
	h.c = *c;
	snprintf(h.socket, sizeof(h.socket), "%s", socket);
	return 0;
}

void hook_set(const struct hook_conf *c)
{
	for (unsigned i = 0; i < h.n && strcmp(h.c.dir, c->dir) != 0; i++)
		h.prog[i]->n = 0;
	h.c = *c;
	h.dir.st_ino = 0;
	kick();
}

void hook_close(void)
{
	if (!h.loop)
		return;
	event_unlisten(on_event, &h);
	for (unsigned i = 0; i < h.n; i++) {
		if (!h.prog[i]->pid)
			continue;
		kill(-h.prog[i]->pid, SIGTERM);
		stop_watching(h.prog[i]);
	}
	while (h.n)
		prog_free(0);
	memset(&h, 0, sizeof(h));
}

struct hook_stats hook_stats(void)
{
	struct hook_stats s = h.stats;

	s.programs = h.n;
	s.running = h.running;
	for (unsigned i = 0; i < h.n; i++)
		s.waiting += h.prog[i]->n;
	return s;
}
