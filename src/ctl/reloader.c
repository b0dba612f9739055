/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reloader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "run/event.h"
#include "run/log.h"
#include "run/sdnotify.h"
#include "run/timer.h"

#define UNDO_AGAIN	10.		/* seconds, after an undo that failed */

void reload_log_errs(const struct conf_errs *errs)
{
	for (size_t i = 0; i < errs->n; i++) {
		if (errs->msg[i].warning)
			log_warn("conf", "%s", errs->msg[i].text);
		else
			log_err("conf", "%s", errs->msg[i].text);
	}
}

/* The messages as lines; NULL: no memory. */
static char *joined(const struct conf_errs *errs)
{
	size_t n = 1, used = 0;
	char *text;

	for (size_t i = 0; i < errs->n; i++)
		n += strlen(errs->msg[i].text) + sizeof("warning: ");
	text = calloc(1, n);
	for (size_t i = 0; text && i < errs->n; i++)
		used += (size_t)snprintf(text + used, n - used, "%s%s%s", i ? "\n" : "",
					 errs->msg[i].warning ? "warning: " : "",
					 errs->msg[i].text);
	return text;
}

static void emit(const struct reloader *r, const char *what)
{
	struct event e = { .type = EV_config };

	snprintf(e.config.what, sizeof(e.config.what), "%s", what);
	e.config.undo_in = MAX(reloader_undo_in(r), 0);
	event_emit(&e);
}

/* ---- the undo ---- */

static void undo_due(void *arg);

static void undo_arm(struct reloader *r, double at)
{
	r->undo_at = at;
	rtimer_set(&r->timer, at, undo_due, r);
}

double reloader_undo_in(const struct reloader *r)
{
	return r->before || r->undoing ? MAX(r->undo_at - run_now(), 0) : -1;
}

bool reloader_confirm(struct reloader *r)
{
	if (!r->before)
		return false;
	rtimer_stop(&r->timer);
	conf_free(r->before);
	r->before = NULL;
	log_notice("main", "the configuration is confirmed, no undo");
	emit(r, "confirmed");
	return true;
}

/* ---- one reload ---- */

static void end(struct reloader *r, enum ctl_reload_rc rc, const char *text)
{
	conf_free(r->next);
	r->next = NULL;
	sdnotify_ready();
	r->ops->answer(r->arg, rc, text);
	/* it came due meanwhile */
	if (r->before && !rtimer_armed(&r->timer) && !r->stopping)
		undo_arm(r, MAX(r->undo_at, run_now()));
}

/* The old one is in next from here on, or in before, if it is what an undo goes back to. */
static void taken(struct reloader *r)
{
	struct conf *old = r->conf;
	bool undone = r->undoing;

	r->conf = r->next;
	r->next = old;
	r->undoing = false;
	if (!undone && r->undo_after > 0 && !r->before) {
		r->before = old;
		r->next = NULL;
	}
	if (!undone && r->undo_after > 0)
		undo_arm(r, run_now() + r->undo_after);
	r->ops->in_force(r->arg, r->conf, true);
	if (undone)
		log_warn("main", "nobody has confirmed the configuration: undone, the one before is"
			 " in force again");
	else if (r->before)
		log_notice("main", "reloaded; undone in %.0f s unless confirmed",
			   reloader_undo_in(r));
	else
		log_notice("main", "reloaded");
	emit(r, undone ? "undone" : "reloaded");
}

static void not_taken(struct reloader *r, const char *why)
{
	r->ops->in_force(r->arg, r->conf, false);
	if (!r->undoing)
		return;
	log_err("main", "the undo failed: %s; again in %.0f s", why, UNDO_AGAIN);
	r->undoing = false;
	r->before = r->next;
	r->next = NULL;
	undo_arm(r, run_now() + UNDO_AGAIN);
}

static void applied(void *arg, int rc)
{
	struct reloader *r = arg;

	if (rc < 0) {
		log_err("main", "reload: %s", strerror(-rc));
		not_taken(r, strerror(-rc));
		end(r, CTL_RELOAD_FAILED, strerror(-rc));
		return;
	}
	taken(r);
	end(r, CTL_RELOADED, r->warnings ? r->warnings : "");
}

static void go(struct reloader *r)
{
	char key[RELOAD_KEY];

	reload_inherit(r->next, r->conf, run_now());
	if (reload_refused(r->conf, r->next, key) || r->ops->refuse(r->arg, r->next, key)) {
		log_err("main", "reload: %s cannot change while running; nothing was changed", key);
		not_taken(r, key);
		end(r, CTL_RELOAD_REFUSED, key);
		return;
	}
	r->ops->apply(r->arg, r->next, applied, r);
}

static void undo_due(void *arg)
{
	struct reloader *r = arg;

	if (r->next || r->stopping)
		return;			/* see end() */
	sdnotify_reloading();
	r->undoing = true;
	r->next = r->before;
	r->before = NULL;
	free(r->warnings);
	r->warnings = NULL;
	go(r);
}

bool reloader_ask(struct reloader *r, double undo_after)
{
	struct conf_errs errs = { 0 };
	int rc;

	if (r->stopping || r->next)
		return false;
	sdnotify_reloading();
	r->undo_after = undo_after;
	rc = conf_load(r->path, r->role_override, &r->next, &errs);
	reload_log_errs(&errs);
	free(r->warnings);
	r->warnings = joined(&errs);
	conf_errs_free(&errs);
	if (rc < 0) {
		log_err("main", "reload: the configuration is wrong, the old one stays");
		end(r, CTL_RELOAD_BAD, r->warnings ? r->warnings : strerror(-rc));
	} else {
		go(r);
	}
	return true;
}

void reloader_stop(struct reloader *r)
{
	r->stopping = true;
	rtimer_stop(&r->timer);
}

void reloader_free(struct reloader *r)
{
	rtimer_stop(&r->timer);
	free(r->warnings);
	conf_free(r->next);
	conf_free(r->before);
	conf_free(r->conf);
	*r = (struct reloader){ 0 };
}
