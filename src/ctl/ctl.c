/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "ctl/ctl_priv.h"
#include "mip6/ctl.h"
#include "run/log.h"

#define BACKLOG		16
#define ACCEPT_BURST	16
#define GROUPS_MAX	256
#define GROUP_BUF	16384
#define AGAIN		1.		/* seconds */
#define LOCK_TRIES	50		/* of LOCK_USEC, at start only */
#define LOCK_USEC	20000

/* ---- buffers ---- */

int ctl_buf_put(struct ctl_buf *b, const void *p, size_t n)
{
	size_t cap = b->cap ? b->cap : 4096;
	char *more;

	if (b->at && (b->at == b->n || b->n + n > b->cap)) {
		memmove(b->p, b->p + b->at, b->n - b->at);
		b->n -= b->at;
		b->at = 0;
	}
	while (cap < b->n + n)
		cap *= 2;
	if (cap != b->cap) {
		more = realloc(b->p, cap);
		if (!more)
			return -ENOMEM;
		b->p = more;
		b->cap = cap;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

void ctl_buf_free(struct ctl_buf *b)
{
	free(b->p);
	*b = (struct ctl_buf){ 0 };
}

static size_t queued(const struct ctl_buf *b)
{
	return b->n - b->at;
}

void ctl_put(struct ctl_client *c, struct json_object *reply)
{
	size_t n;
	const char *text = json_object_to_json_string_length(reply, JSON_C_TO_STRING_PLAIN, &n);

	if (!text || ctl_buf_put(&c->out, text, n + 1) < 0)	/* NUL and all */
		c->dead = true;
	json_object_put(reply);
}

void ctl_put_event(struct ctl_client *c, const char *text, size_t n)
{
	struct ctl_buf *b = c->list.step ? &c->held : &c->out;

	if (c->dead)
		return;
	if (queued(b) + n > CTL_OUT_MAX) {
		log_rl(&c->ctl->rl, "ctl", "client fd=%d does not read: closed", c->fd);
		c->dead = true;
	} else if (ctl_buf_put(b, text, n) < 0) {
		c->dead = true;
	}
	/* from inside a handler of events, and its socket may be full: the loop does the rest */
	ev_feed_event(c->ctl->loop, &c->wr, EV_WRITE);
}

/* ---- clients ---- */

/* Others may have said something, too: mip6ctl beside the detector. */
static void detector_left(struct ctl *ctl)
{
	const struct ctl_client *c;

	DL_FOREACH(ctl->clients, c)
		if (c->detector)
			return;
	if (ctl->node && ctl->node->md)
		md_detector_gone(ctl->node->md);
}

static void client_free(struct ctl_client *c)
{
	struct ctl *ctl = c->ctl;

	ev_io_stop(ctl->loop, &c->rd);
	ev_io_stop(ctl->loop, &c->wr);
	close(c->fd);
	if (ctl->reloader == c)
		ctl->reloader = NULL;
	ctl_listing_end(c);
	ctl_buf_free(&c->in);
	ctl_buf_free(&c->out);
	ctl_buf_free(&c->held);
	DL_DELETE(ctl->clients, c);
	ctl->n_client--;
	if (c->detector)
		detector_left(ctl);
	free(c);
}

/* Sends what fits. -EAGAIN: the socket is full; other -errno: it is gone. */
static int flush_out(struct ctl_client *c)
{
	while (queued(&c->out)) {
		ssize_t n = send(c->fd, c->out.p + c->out.at, queued(&c->out),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		c->out.at += (size_t)n;
	}
	c->out.at = c->out.n = 0;
	return 0;
}

static bool busy(const struct ctl_client *c)
{
	return c->list.step || c->monitor || c->waiting || queued(&c->out) >= CTL_OUT_LOW;
}

/* The next whole call, or NULL. */
static char *next_call(const struct ctl_client *c, size_t *len)
{
	char *text = c->in.p + c->in.at;
	char *end = queued(&c->in) ? memchr(text, '\0', queued(&c->in)) : NULL;

	*len = end ? (size_t)(end - text) : 0;
	return end ? text : NULL;
}

/* One step: a record of a listing, or a call. False: there is nothing to do now. */
static bool client_step(struct ctl_client *c)
{
	size_t len;
	char *text;

	if (c->list.step) {
		if (queued(&c->out) >= CTL_OUT_LOW)
			return false;
		if (!c->list.step(c))
			ctl_listing_end(c);
		return true;
	}
	text = busy(c) ? NULL : next_call(c, &len);
	if (text) {
		c->in.at += len + 1;
		ctl_call(c, text, len);
		return true;
	}
	if (!busy(c) && queued(&c->in) >= MIP6_CTL_REQUEST_MAX) {
		log_rl(&c->ctl->rl, "ctl", "client fd=%d: a call of more than %d octets", c->fd,
		       MIP6_CTL_REQUEST_MAX);
		c->dead = true;
	}
	return false;
}

static void client_watch(struct ctl_client *c, bool more)
{
	struct ev_loop *loop = c->ctl->loop;

	if (queued(&c->out) || more)
		ev_io_start(loop, &c->wr);
	else
		ev_io_stop(loop, &c->wr);
	/* what it sends beyond one call waits in its socket */
	if (c->eof || queued(&c->in) >= MIP6_CTL_REQUEST_MAX)
		ev_io_stop(loop, &c->rd);
	else
		ev_io_start(loop, &c->rd);
}

/* As much as one turn of the loop allows; frees a client that is through or dead. */
static void client_run(struct ctl_client *c)
{
	bool more = true;
	int rc = 0;

	for (unsigned i = 0; i < CTL_BURST && more && !c->dead && rc == 0; i++) {
		more = client_step(c);
		if (!more || queued(&c->out) >= CTL_OUT_LOW)
			rc = flush_out(c);
		more = more || (rc == 0 && c->list.step);
	}
	if (rc == 0)
		rc = flush_out(c);
	if (c->dead || (rc < 0 && rc != -EAGAIN) ||
	    (c->eof && !queued(&c->out) && !c->list.step && !c->waiting && !more))
		client_free(c);
	else
		client_watch(c, more);
}

static void client_rd(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ctl_client *c = w->data;
	char buf[16384];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)loop, (void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n == 0 && c->monitor)) {
		client_free(c);
		return;
	}
	c->eof = n == 0;
	/* whoever monitors has nothing more to say */
	if (!c->monitor && n && ctl_buf_put(&c->in, buf, (size_t)n) < 0)
		c->dead = true;
	client_run(c);
}

static void client_wr(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop, (void)revents;
	client_run(w->data);
}

/* ---- who is it ---- */

static gid_t group_id(const char *name)
{
	char buf[GROUP_BUF];
	struct group g, *found = NULL;

	if (!*name || getgrnam_r(name, &g, buf, sizeof(buf), &found) != 0 || !found)
		return (gid_t)-1;
	return found->gr_gid;
}

static bool may_change(const struct ctl *ctl, int fd, int *pid)
{
	gid_t want = ctl->admin, group[GROUPS_MAX];
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
		return false;
	*pid = cred.pid;
	if (cred.uid == 0)
		return true;
	if (want == (gid_t)-1)
		return false;
	if (cred.gid == want)
		return true;
	n = sizeof(group);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, group, &n) < 0)
		return false;
	for (size_t i = 0; i < n / sizeof(group[0]); i++) {
		if (group[i] == want)
			return true;
	}
	return false;
}

static void client_new(struct ctl *ctl, int fd)
{
	struct ctl_client *c;

	if (ctl->n_client >= ctl->conf->control.max_clients) {
		log_rl(&ctl->rl, "ctl", "more than %u clients: one was turned away",
		       ctl->conf->control.max_clients);
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	c->ctl = ctl;
	c->fd = fd;
	c->admin = may_change(ctl, fd, &c->pid);
	ev_io_init(&c->rd, client_rd, fd, EV_READ);
	ev_io_init(&c->wr, client_wr, fd, EV_WRITE);
	c->rd.data = c->wr.data = c;
	ev_io_start(ctl->loop, &c->rd);
	DL_APPEND(ctl->clients, c);
	ctl->n_client++;
}

static void accept_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ctl *ctl = w->data;

	(void)revents;
	for (unsigned i = 0; i < ACCEPT_BURST; i++) {
		int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			client_new(ctl, fd);
			continue;
		}
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
			/* the socket stays readable: without a pause the loop would spin */
			log_rl(&ctl->rl, "ctl", "accept: %s", strerror(errno));
			ev_io_stop(loop, &ctl->accept);
			ev_timer_set(&ctl->again, AGAIN, 0.);
			ev_timer_start(loop, &ctl->again);
		}
		return;
	}
}

static void again_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct ctl *ctl = w->data;

	(void)revents;
	ev_io_start(loop, &ctl->accept);
}

/* ---- the socket ---- */

/* 0 and who listens there (pid 0: not seen from our PID namespace), or -errno. */
static int listener(const struct sockaddr_un *sa, socklen_t len, struct ucred *cred)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc = 0;
	socklen_t n = sizeof(*cred);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)sa, len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, cred, &n) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* 0: nobody is there; pid: of the daemon that listens; -1: somebody, but who? */
static int living(const struct sockaddr_un *sa)
{
	struct ucred cred;
	int rc = listener(sa, sizeof(*sa), &cred);

	if (rc == 0)
		return cred.pid ? cred.pid : -1;
	/* EAGAIN: its backlog is full, so it lives */
	return rc == -EAGAIN || rc == -EACCES || rc == -EPERM ? -1 : 0;
}

static int bind_at(struct ctl *ctl, const struct sockaddr_un *sa)
{
	struct stat st;
	int pid;

	/* the file gets its mode from the descriptor: never open to all, not for a moment */
	if (fchmod(ctl->fd, 0600) < 0)
		return -errno;
	if (bind(ctl->fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (lstat(sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		log_err("ctl", "%s is there and is no socket", sa->sun_path);
		return -EEXIST;
	}
	pid = living(sa);
	if (pid) {
		if (pid > 0)
			log_err("ctl", "another mip6d runs already: pid=%d socket=%s", pid,
				sa->sun_path);
		else
			log_err("ctl", "%s: another mip6d runs already, or it belongs to another user"
				" whom to ask is not permitted: start mip6d as that user, or as root",
				sa->sun_path);
		return -EADDRINUSE;
	}
	log_notice("ctl", "%s: left by a daemon that is gone, replaced", sa->sun_path);
	if (unlink(sa->sun_path) < 0)
		return -errno;
	return bind(ctl->fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 ? -errno : 0;
}

/* No such group: root's alone. 0 or -errno. */
static int open_to_group(const char *path, const char *group)
{
	gid_t gid = group_id(group);
	struct stat st;

	if (gid == (gid_t)-1)
		return chmod(path, 0600) < 0 ? -errno : 0;
	if (stat(path, &st) < 0)
		return -errno;
	/* the service runs in that group already, and its unit forbids chown */
	if ((gid != st.st_gid && chown(path, (uid_t)-1, gid) < 0) || chmod(path, 0660) < 0)
		return -errno;
	return 0;
}

/* Two that start at once must not each take the other's socket for a dead one: the directory is
 * locked meanwhile. Whoever may read it may lock it, so nobody is waited for without end. */
static int lock_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (i == LOCK_TRIES) {
			log_warn("ctl", "%s is locked by somebody else", dir);
			break;
		}
		usleep(LOCK_USEC);
	}
	return fd < 0 ? -errno : fd;
}

static int listen_at(struct ctl *ctl, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *group = ctl->conf->control.group;
	char dir[sizeof(sa.sun_path)];
	struct stat st;
	int lock, rc, err;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	if (mkdir(*dir ? dir : "/", 0755) < 0 && errno != EEXIST)
		return -errno;
	lock = lock_dir(*dir ? dir : "/");
	if (lock < 0)
		return lock;
	rc = bind_at(ctl, &sa);
	if (rc == 0 && listen(ctl->fd, BACKLOG) < 0)
		rc = -errno;
	if (rc == 0 && stat(path, &st) == 0) {
		ctl->dev = st.st_dev;
		ctl->ino = st.st_ino;
		err = open_to_group(path, group);
		if (err < 0)
			log_warn("ctl", "%s: group %s cannot have it: %s", path, group,
				 strerror(-err));
	}
	close(lock);
	return rc;
}

int ctl_claim(void)
{
	static const char name[] = "\0mip6d";	/* abstract: the name is of the network namespace */
	const socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof(name) - 1;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
	struct ucred cred = { 0 };

	if (fd < 0)
		return -errno;
	memcpy(sa.sun_path, name, sizeof(name));
	if (bind(fd, (const struct sockaddr *)&sa, len) < 0 || listen(fd, SOMAXCONN) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	if (rc == -EADDRINUSE && listener(&sa, len, &cred) == 0 &&
	    (cred.uid == 0 || cred.uid == geteuid())) {
		log_err("ctl", "another mip6d runs already in this network namespace: pid=%d",
			cred.pid);
		return -EADDRINUSE;
	}
	/* anybody can take the name; that alone shall not keep us from work */
	log_warn("ctl", "cannot see whether another mip6d runs in this network namespace: %s",
		 strerror(-rc));
	return -ENOENT;
}

int ctl_open(struct ctl **out, struct ev_loop *loop, const struct conf *conf, struct node *node)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	int rc;

	if (!ctl)
		return -ENOMEM;
	ctl->loop = loop;
	ctl->conf = conf;
	ctl->node = node;
	ctl->admin = group_id(conf->control.admin_group);
	ev_io_init(&ctl->accept, accept_cb, -1, EV_READ);
	ev_timer_init(&ctl->again, again_cb, AGAIN, 0.);
	ctl->accept.data = ctl->again.data = ctl;
	ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rc = ctl->fd < 0 ? -errno : listen_at(ctl, conf->control.socket);
	if (rc == 0)
		rc = event_listen(ctl_on_event, ctl);
	if (rc < 0) {
		ctl_close(ctl);
		return rc;
	}
	ctl->listening = true;
	ev_io_set(&ctl->accept, ctl->fd, EV_READ);
	ctl_turn_start(&ctl->turn, loop);
	ev_io_start(loop, &ctl->accept);
	*out = ctl;
	return 0;
}

void ctl_close(struct ctl *ctl)
{
	struct ctl_client *c, *tmp;
	struct stat st;

	if (!ctl)
		return;
	DL_FOREACH_SAFE(ctl->clients, c, tmp)
		client_free(c);
	if (ctl->listening) {
		event_unlisten(ctl_on_event, ctl);
		ctl_turn_stop(&ctl->turn, ctl->loop);
	}
	ev_io_stop(ctl->loop, &ctl->accept);
	ev_timer_stop(ctl->loop, &ctl->again);
	/* only the file that is ours: another daemon may have bound anew */
	if (ctl->ino && stat(ctl->conf->control.socket, &st) == 0 && st.st_dev == ctl->dev &&
	    st.st_ino == ctl->ino)
		unlink(ctl->conf->control.socket);
	if (ctl->fd >= 0)
		close(ctl->fd);
	json_object_put(ctl->base);
	free(ctl);
}

void ctl_on_reload(struct ctl *ctl, const struct ctl_reload_ops *ops, void *arg)
{
	ctl->reload = ops;
	ctl->reload_arg = arg;
}

void ctl_set_node(struct ctl *ctl, struct node *node)
{
	ctl->node = node;
}

int ctl_try_conf(const struct ctl *ctl, const struct conf *conf)
{
	const char *group = conf->control.group;

	if (strcmp(ctl->conf->control.group, group) == 0)
		return 0;
	if (*group && group_id(group) == (gid_t)-1)
		log_warn("ctl", "there is no group %s: the socket is root's alone", group);
	return open_to_group(ctl->conf->control.socket, conf->control.group);
}

void ctl_set_conf(struct ctl *ctl, const struct conf *conf)
{
	struct ctl_client *c;

	ctl->conf = conf;
	DL_FOREACH(ctl->clients, c)
		ctl_listing_conf(c);
	/* asked here and not per client: a directory service may take its time */
	ctl->admin = group_id(conf->control.admin_group);
	DL_FOREACH(ctl->clients, c)
		c->admin = may_change(ctl, c->fd, &c->pid);
}
