/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6d - start, signals, stop.
 *
 * Order of a start: configuration, control socket (it finds a second instance before anything
 * in the kernel is touched), kernel, roles, ready. A stop goes the other way: the mobile side
 * de-registers, everything of ours leaves the kernel, sysctls get their old values.
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/conf.h"
#include "ctl/ctl.h"
#include "ctl/reloader.h"
#include "role/role.h"
#include "run/event.h"
#include "run/hook.h"
#include "run/log.h"
#include "run/sdnotify.h"
#include "run/timer.h"

#define EXIT_CONF	4		/* as mip6ctl's: bad configuration */
#define STOP_LIMIT	10.		/* seconds; then the rest is done without waiting */

struct daemon {
	struct ev_loop *loop;
	bool debug;
	struct reloader reload;		/* has the configuration */
	struct node *node;
	struct ctl *ctl;
	bool hup_early;			/* SIGHUP before it was ready: done then */
	ev_signal term, intr, hup;
	ev_timer stop_limit;
	bool stopping;
	int claim;			/* on the network namespace */
	char *abs_path;			/* of the configuration, in the background */
	int ready_fd;			/* background start: the parent waits for one octet */
	int rc;
};

static void usage(FILE *f)
{
	fputs("usage: mip6d [--config FILE] [--role ROLE[,ROLE]] [--foreground] [--debug]"
	      " [--check]\n"
	      "\n"
	      "  -c, --config FILE   configuration (default " CONF_PATH ")\n"
	      "  -r, --role ROLES    ha, mr, mn, cn: instead of the file's roles\n"
	      "  -f, --foreground    do not fork; log to stderr or the journal\n"
	      "  -d, --debug         log debug lines\n"
	      "  -n, --check         read the configuration, say what is wrong, and end\n"
	      "  -V, --version\n"
	      "  -h, --help\n", f);
}

static void apply_log(const struct daemon *d, const struct conf *c)
{
	log_set_level(NULL, d->debug ? LOG_LV_DEBUG : (enum log_level)c->log.level);
	for (size_t i = 0; i < c->log.n_debug; i++)
		log_set_level(c->log.debug[i].name, LOG_LV_DEBUG);
}

/* Loudly, at each start and reload: what is not protected. */
static void warn_security(const struct conf *c)
{
	bool open = false, sig_only = false;

	for (size_t i = 0; c->roles & ROLE_HA && i < c->ha.n_node; i++) {
		open |= c->ha.nodes[i].sec.method == SEC_NONE;
		sig_only |= c->ha.nodes[i].sec.method == SEC_AUTH_OPTION;
	}
	for (size_t i = 0; c->roles & (ROLE_MN | ROLE_MR) && i < c->mn.n_home; i++) {
		open |= c->mn.homes[i].sec.method == SEC_NONE;
		sig_only |= c->mn.homes[i].sec.method == SEC_AUTH_OPTION;
	}
	if (open)
		log_warn("conf", "SECURITY IS OFF for at least one peer (method = \"none\"): anybody"
			 " can redirect its traffic");
	if (sig_only)
		log_notice("conf", "auth-option protects the signalling only; packets in the tunnel"
			   " are neither encrypted nor authenticated");
	if (c->unsafe_timers)
		log_warn("conf", "unsafe_timers: protocol times outside the RFCs are in use");
}

/* ---- start ---- */

static void tell_parent(struct daemon *d, char c)
{
	if (d->ready_fd < 0)
		return;
	if (write(d->ready_fd, &c, 1) != 1)
		log_err("main", "the starting process went away");
	close(d->ready_fd);
	d->ready_fd = -1;
}

/* Who started us gets his terminal, pipe or ssh session back: nothing of ours is on it any more. */
static void leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	log_to_syslog();
	for (int i = STDIN_FILENO; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void begin_stop(struct daemon *d, int rc);
static void reload_ready(struct daemon *d);

static void on_ready(void *arg, int rc)
{
	struct daemon *d = arg;

	if (rc < 0) {
		log_err("main", "start: %s: %s", strerror(-rc), kern_error(d->node->kern));
		begin_stop(d, EXIT_FAILURE);
		return;
	}
	if (d->ready_fd >= 0)
		leave_terminal();
	log_notice("main", "ready");
	sdnotify_status("%s", d->node->ha ? "home agent ready" :
			d->node->mn ? "mobile side ready" : "correspondent ready");
	sdnotify_ready();
	tell_parent(d, 0);
	reload_ready(d);
}

/* ---- stop ---- */

static void on_stopped(void *arg)
{
	struct daemon *d = arg;

	ev_break(d->loop, EVBREAK_ALL);
}

static void on_stop_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct daemon *d = w->data;

	(void)revents;
	log_warn("main", "stop: no answer in %.0f s, going down without it", STOP_LIMIT);
	if (d->node->kern)
		kern_flush(d->node->kern);
	ev_break(loop, EVBREAK_ALL);
}

static void begin_stop(struct daemon *d, int rc)
{
	d->rc = rc;
	if (d->stopping) {		/* asked twice: no more waiting for answers */
		on_stop_limit(d->loop, &d->stop_limit, 0);
		return;
	}
	d->stopping = true;
	reloader_stop(&d->reload);
	sdnotify_stopping();
	ev_timer_init(&d->stop_limit, on_stop_limit, STOP_LIMIT, 0.);
	d->stop_limit.data = d;
	ev_timer_start(d->loop, &d->stop_limit);
	node_stop(d->node, on_stopped, d);
}

static void on_term(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop, (void)revents;
	log_notice("main", "%s: stopping", strsignal(w->signum));
	begin_stop(d, EXIT_SUCCESS);
}

/* ---- reload ---- */

static bool reload_refuse(void *arg, const struct conf *to, char key[static RELOAD_KEY])
{
	struct daemon *d = arg;
	const char *which = "";
	struct node_conf nc;

	conf_node(to, &nc);
	if (!node_can_reload(d->node, &nc, &which)) {
		snprintf(key, RELOAD_KEY, "%s", which);
		return true;
	}
	if (ctl_try_conf(d->ctl, to) < 0) {
		snprintf(key, RELOAD_KEY, "control.group");
		return true;
	}
	return false;
}

static void reload_apply(void *arg, const struct conf *to, void (*done)(void *arg, int rc),
			 void *done_arg)
{
	struct daemon *d = arg;
	struct node_conf nc;

	warn_security(to);
	conf_node(to, &nc);
	node_reload(d->node, &nc, done, done_arg);
}

static void reload_in_force(void *arg, const struct conf *c, bool changed)
{
	struct daemon *d = arg;

	if (!changed) {
		ctl_try_conf(d->ctl, c);
		return;
	}
	ctl_set_conf(d->ctl, c);
	apply_log(d, c);
	hook_set(&c->on_event);
}

static void reload_answer(void *arg, enum ctl_reload_rc rc, const char *text)
{
	struct daemon *d = arg;

	ctl_reload_done(d->ctl, rc, text);
}

static const struct reload_ops reload_ops = { reload_refuse, reload_apply, reload_in_force,
					      reload_answer };

static bool ask_reload(void *arg, double undo_after)
{
	struct daemon *d = arg;

	if (!d->node || !d->node->ready)
		return false;
	return reloader_ask(&d->reload, undo_after);
}

static bool ask_confirm(void *arg)
{
	struct daemon *d = arg;

	return reloader_confirm(&d->reload);
}

static double ask_undo_in(void *arg)
{
	struct daemon *d = arg;

	return reloader_undo_in(&d->reload);
}

static const struct ctl_reload_ops asked = { ask_reload, ask_confirm, ask_undo_in };

/* Until here the roles would not know what to do with one. */
static void reload_ready(struct daemon *d)
{
	ctl_on_reload(d->ctl, &asked, d);
	if (d->hup_early)
		ask_reload(d, 0);
}

static void on_hup(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop, (void)revents;
	if (!d->stopping && !(d->node && d->node->ready))
		d->hup_early = true;
	else if (!ask_reload(d, 0))
		log_warn("main", "reload: another one is under way");
}

/* ---- main ---- */

static void start_signal(struct daemon *d, ev_signal *w, int sig,
			 void (*fn)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(w, fn, sig);
	w->data = d;
	ev_signal_start(d->loop, w);
}

static int start(struct daemon *d)
{
	struct node_conf nc;
	int rc;

	start_signal(d, &d->term, SIGTERM, on_term);
	start_signal(d, &d->intr, SIGINT, on_term);
	start_signal(d, &d->hup, SIGHUP, on_hup);
	rc = ctl_open(&d->ctl, d->loop, d->reload.conf, NULL);
	if (rc < 0) {
		if (rc != -EADDRINUSE)	/* ctl_open() named the other instance */
			log_err("ctl", "%s: %s", d->reload.conf->control.socket, strerror(-rc));
		return rc;
	}
	d->claim = ctl_claim();
	if (d->claim == -EADDRINUSE)
		return d->claim;
	reload_inherit(d->reload.conf, NULL, run_now());
	conf_node(d->reload.conf, &nc);
	rc = node_start(&d->node, d->loop, &nc, on_ready, d);
	if (rc < 0)
		return rc;
	ctl_set_node(d->ctl, d->node);
	rc = hook_open(d->loop, &d->reload.conf->on_event, d->reload.conf->control.socket);
	if (rc < 0)
		return rc;
	return 0;
}

static int run(struct daemon *d)
{
	int rc;

	d->loop = ev_default_loop(EVFLAG_AUTO);
	if (!d->loop)
		return EXIT_FAILURE;
	rc = run_timer_init(d->loop);
	if (rc < 0) {
		log_err("main", "timers: %s", strerror(-rc));
		return EXIT_FAILURE;
	}
	event_hook(d->loop);
	sdnotify_init();
	rc = start(d);
	if (rc == 0)
		ev_run(d->loop, 0);
	else
		d->rc = EXIT_FAILURE;
	hook_close();
	ctl_close(d->ctl);
	node_free(d->node);
	if (d->claim >= 0)
		close(d->claim);
	reloader_stop(&d->reload);
	sdnotify_fini();
	event_unhook();
	event_fini();
	log_rl_flush();
	run_timer_fini();
	ev_loop_destroy(d->loop);
	tell_parent(d, 1);
	if (d->rc == EXIT_SUCCESS)
		log_notice("main", "stopped");
	return d->rc;
}

/* Forks; the parent returns when the child is ready or has failed. Until then the log goes to where
 * the parent's goes, so that a failure is seen by who has to do something about it. */
static int background(struct daemon *d)
{
	int fd[2];
	char c = 1;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(fd[1]);
		_exit(read(fd[0], &c, 1) == 1 && c == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	close(fd[0]);
	d->ready_fd = fd[1];
	setsid();
	d->abs_path = realpath(d->reload.path, NULL);	/* for reloads: we leave the folder */
	if (d->abs_path)
		d->reload.path = d->abs_path;
	return chdir("/") < 0 ? -errno : 0;
}

static int parse_args(int argc, char **argv, struct daemon *d, bool *check, bool *foreground)
{
	static const struct option opt[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "role", required_argument, NULL, 'r' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "debug", no_argument, NULL, 'd' },
		{ "check", no_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "c:r:fdnVh", opt, NULL)) != -1) {
		switch (o) {
		case 'c':
			d->reload.path = optarg;
			break;
		case 'r':
			d->reload.role_override = conf_roles(optarg);
			if (d->reload.role_override)
				break;
			fprintf(stderr, "mip6d: --role %s: ha, mr, mn, cn or a list of them\n", optarg);
			return 2;
		case 'f':
			*foreground = true;
			break;
		case 'd':
			d->debug = true;
			break;
		case 'n':
			*check = true;
			break;
		case 'V':
			puts("mip6d " MIP6D_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "mip6d: %s: not understood\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	return 0;
}

static void make_dirs(const struct conf *c)
{
	/* systemd makes both; a start by hand must not fail for want of them */
	if (mkdir(c->state_dir, 0700) < 0 && errno != EEXIST)
		log_warn("main", "%s: %s", c->state_dir, strerror(errno));
}

int main(int argc, char **argv)
{
	struct daemon d = { .claim = -1, .ready_fd = -1 };
	struct reloader *r = &d.reload;
	bool check = false, foreground = false;
	struct conf_errs errs = { 0 };
	int rc;

	*r = (struct reloader){ .path = CONF_PATH, .ops = &reload_ops, .arg = &d };

	log_init(LOG_LV_INFO);
	rc = parse_args(argc, argv, &d, &check, &foreground);
	if (rc)
		return rc;
	rc = conf_load(r->path, r->role_override, &r->conf, &errs);
	if (check) {
		rc = conf_check_print(stderr, r->path, r->conf, &errs);
		conf_errs_free(&errs);
		conf_free(r->conf);
		return rc;
	}
	reload_log_errs(&errs);
	conf_errs_free(&errs);
	if (rc < 0)
		return EXIT_CONF;
	apply_log(&d, r->conf);
	warn_security(r->conf);
	make_dirs(r->conf);
	if (r->conf->roles & (ROLE_MN | ROLE_MR) && (rc = conf_iid_secret(r->conf)) < 0) {
		log_err("main", "%s/iid_secret: %s", r->conf->state_dir, strerror(-rc));
		conf_free(r->conf);
		return EXIT_FAILURE;
	}
	if (!foreground && (rc = background(&d)) < 0) {
		log_err("main", "going to the background: %s", strerror(-rc));
		conf_free(r->conf);
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	rc = run(&d);
	reloader_free(r);
	free(d.abs_path);
	return rc;
}
