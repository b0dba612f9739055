/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reloader.h - a reload: from the file to a configuration in force, all or nothing, and the
 * way back on a timer.
 *
 * A reload with undo_after is taken back after so many seconds, unless it is confirmed. What it is
 * taken back to is the last configuration that nobody has to confirm: reloads in between, also those
 * by SIGHUP, change what is in force, but neither what an undo goes back to nor, without an
 * undo_after of their own, when. The undo is a reload of that configuration from memory (files are
 * not read, keys were kept), and like any reload leaves alone what does not differ. It needs no
 * client: whoever asked may be gone. A daemon that is started anew starts from the file.
 *
 * What the roles do is behind struct reload_ops. Seconds; boot clock.
 */
#ifndef MIP6_CTL_RELOADER_H
#define MIP6_CTL_RELOADER_H

#include "base/rtimer.h"
#include "ctl/conf.h"
#include "ctl/ctl.h"
#include "ctl/reload.h"

struct reload_ops {
	/* What reload_refused() cannot know: true, and the key, if it cannot be taken over. False:
	 * apply() follows. */
	bool (*refuse)(void *arg, const struct conf *to, char key[static RELOAD_KEY]);
	/* The roles take it over: done at once or later, with 0, or -errno and nothing is changed. Both
	 * configurations live until then. */
	void (*apply)(void *arg, const struct conf *to, void (*done)(void *arg, int rc), void *done_arg);
	/* It is (still) the one in force; the other one goes. */
	void (*in_force)(void *arg, const struct conf *c, bool changed);
	/* To who asked, if anybody did; see ctl_reload_done(). */
	void (*answer)(void *arg, enum ctl_reload_rc rc, const char *text);
};

struct reloader {
	const char *path;
	unsigned role_override;
	const struct reload_ops *ops;
	void *arg;
	struct conf *conf;		/* in force; owned, as all three */
	struct conf *next;		/* being taken over; NULL: no reload is under way */
	struct conf *before;		/* what an undo goes back to; NULL: none is pending */
	bool undoing;			/* next was before */
	double undo_after;		/* of the reload under way; 0: without */
	double undo_at;
	struct rtimer timer;
	char *warnings;			/* of the last reload */
	bool stopping;
};

/* Reads the file and takes it over. undo_after: 0 = it stays. False: another one is under way. */
bool reloader_ask(struct reloader *r, double undo_after);
/* What is in force stays. False: no undo is pending. */
bool reloader_confirm(struct reloader *r);
double reloader_undo_in(const struct reloader *r);	/* seconds; < 0: none is pending */
void reloader_stop(struct reloader *r);			/* the daemon goes down */
void reloader_free(struct reloader *r);			/* the three configurations, too */

/* Errors and warnings of a file into the log. */
void reload_log_errs(const struct conf_errs *errs);

#endif
