/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl doctor: gathers what is known, lets the checks look, prints what they say. */
#include "mip6ctl/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/conf.h"
#include "ctl/conf_dump.h"
#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define LIMIT	5.			/* seconds for an answer of the daemon */

/* ---- items ---- */

static void *must(void *p)
{
	if (!p) {
		fputs("mip6ctl: no memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

void doc_say(struct doc *d, enum doc_result r, const char *check, const char *subject,
	     const char *fmt, ...)
{
	struct doc_item i = { .result = r, .check = check };
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&i.text, fmt, ap) < 0)
		i.text = NULL;
	va_end(ap);
	must(i.text);
	if (subject)
		i.subject = must(strdup(subject));
	d->item = must(reallocarray(d->item, d->n_item + 1, sizeof(*d->item)));
	d->item[d->n_item++] = i;
}

void doc_fix(struct doc *d, const char *fmt, ...)
{
	struct doc_item *i = &d->item[d->n_item - 1];
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&i->fix, fmt, ap) < 0)
		i->fix = NULL;
	va_end(ap);
	must(i->fix);
}

const char *doc_result_str(enum doc_result r)
{
	switch (r) {
	case DOC_OK:
		return "ok";
	case DOC_WARN:
		return "warn";
	case DOC_FAIL:
		return "fail";
	case DOC_SKIPPED:
		return "skipped";
	}
	return "?";
}

void doc_free(struct doc *d)
{
	struct json_object *o[] = { d->conf, d->status, d->stats, d->diagnosis, d->homes,
				    d->prefixes, d->paths };

	for (size_t i = 0; i < ARRAY_SIZE(o); i++)
		json_object_put(o[i]);
	for (size_t i = 0; i < d->n_item; i++) {
		free(d->item[i].subject);
		free(d->item[i].text);
		free(d->item[i].fix);
	}
	free(d->item);
	free(d->link);
	free(d->addr);
	*d = (struct doc){ 0 };
}

/* ---- the daemon ---- */

static bool keep(void *arg, struct json_object *o)
{
	struct json_object **at = arg;

	json_object_put(*at);
	*at = json_object_get(o);
	return true;
}

static bool keep_each(void *arg, struct json_object *o)
{
	json_object_array_add(arg, json_object_get(o));
	return true;
}

static bool keep_item(void *arg, struct json_object *o)
{
	cmd_config_collect(arg, o);
	return true;
}

static void ask(struct doc *d, const char *method, const char *flag, bool more, client_fn fn,
		void *arg)
{
	struct json_object *params = json_object_new_object();
	const char *why;
	struct client *c = client_open(d->socket, LIMIT, &why);
	int rc;

	if (flag)
		json_object_object_add(params, flag, json_object_new_boolean(true));
	if (!c) {
		json_object_put(params);
		return;
	}
	rc = client_call(c, method, params, more, fn, arg);
	client_close(c);
	if (rc < 0 && rc != -EREMOTEIO)
		d->socket_error = -rc;
}

static void ask_all(struct doc *d)
{
	ask(d, "Status", NULL, false, keep, &d->status);
	d->up = d->status != NULL;
	if (!d->up)
		return;
	d->conf = json_object_new_object();
	d->homes = json_object_new_array();
	d->prefixes = json_object_new_array();
	d->paths = json_object_new_array();
	ask(d, "GetConfig", "effective", true, keep_item, d->conf);
	ask(d, "GetStats", "raw", false, keep, &d->stats);
	ask(d, "Diagnose", NULL, false, keep, &d->diagnosis);
	ask(d, "ListRegistrations", NULL, true, keep_each, d->homes);
	if (fmt_has(d->status, "mobile_node")) {	/* a home agent may have 100,000 */
		ask(d, "ListPrefixes", NULL, true, keep_each, d->prefixes);
		ask(d, "ListPaths", NULL, true, keep_each, d->paths);
	}
	/* the daemon knows its number in its own PID namespace only */
	if (!d->pid)
		d->pid = (pid_t)fmt_num(d->status, "pid");
}

/* ---- the file ---- */

/* What the next start would read; also what is looked at if no daemon answers. */
static void read_file(struct doc *d, const char *path)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	int rc = conf_load(path, 0, &c, &errs);
	bool denied = rc == -EACCES || (rc < 0 && !d->privileged && d->up);

	/* its key files are not everybody's either: what the daemon could read was right then */
	if (rc == 0)
		doc_say(d, DOC_OK, "configuration", path, "%s has no errors", path);
	else if (denied)
		doc_say(d, DOC_SKIPPED, "configuration", path, "%s: needs root", path);
	for (size_t i = 0; i < errs.n && !denied; i++) {
		doc_say(d, errs.msg[i].warning ? DOC_WARN : DOC_FAIL, "configuration", path, "%s",
			errs.msg[i].text);
		doc_fix(d, rc == -ENOENT ? "write %s (examples: /usr/share/doc/mip6d/examples), or "
			"name the file: mip6ctl doctor FILE" : "edit %s, then: mip6d "
			"--check", path);
	}
	if (rc == 0 && !d->up)
		d->conf = conf_dump(c, true);
	conf_errs_free(&errs);
	conf_free(c);
}

static void find_roles(struct doc *d)
{
	struct json_object *v;

	DOC_EACH(i, v, doc_list(d, "roles"))
		d->roles |= conf_roles(json_object_get_string(v));
}

/* ---- printing ---- */

static struct json_object *item_json(const struct doc_item *i)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "check", json_object_new_string(i->check));
	json_object_object_add(o, "subject", i->subject ? json_object_new_string(i->subject)
							: NULL);
	json_object_object_add(o, "result", json_object_new_string(doc_result_str(i->result)));
	json_object_object_add(o, "text", json_object_new_string(i->text));
	json_object_object_add(o, "fix", i->fix ? json_object_new_string(i->fix) : NULL);
	return o;
}

static void print_item(const struct fmt_opt *opt, const struct doc_item *i)
{
	static const enum fmt_color color[] = {
		[DOC_OK] = FMT_GOOD, [DOC_WARN] = FMT_WAIT, [DOC_FAIL] = FMT_BAD,
		[DOC_SKIPPED] = FMT_PLAIN,
	};
	const char *name = doc_result_str(i->result);

	fmt_paint(opt, color[i->result], "%s", name);
	printf("%*s%-14s %s", (int)(9 - strlen(name)), "", i->check, i->text);
	if (i->fix)
		printf("%s%s", opt->oneline ? "\\  fix: " : "\n         fix: ", i->fix);
	putchar('\n');
}

static void print_all(const struct fmt_opt *opt, const struct doc *d)
{
	unsigned n[4] = { 0 };
	struct fmt_list list;

	fmt_list_begin(&list, opt);
	for (size_t i = 0; i < d->n_item; i++) {
		struct json_object *o = opt->json ? item_json(&d->item[i]) : NULL;

		n[d->item[i].result]++;
		if (opt->json)
			fmt_list_add(&list, o);
		else
			print_item(opt, &d->item[i]);
		json_object_put(o);
	}
	fmt_list_end(&list, true);
	if (!opt->json && !opt->oneline)
		printf("%u ok, %u to look at, %u failed, %u skipped\n", n[DOC_OK], n[DOC_WARN],
		       n[DOC_FAIL], n[DOC_SKIPPED]);
}

/* ---- the command ---- */

int cmd_doctor(struct run *r)
{
	struct doc d = { .root = "", .socket = r->socket, .privileged = geteuid() == 0 };
	static void (*const check[])(struct doc *d) = {
		doc_capabilities, doc_kernel, doc_sysctls, doc_addresses, doc_advertisements,
		doc_mtu, doc_clock, doc_firewall, doc_rivals, doc_routes, doc_files,
		doc_registrations,
	};
	char path[PATH_MAX];
	bool failed = false;

	d.socket_error = doc_try_socket(d.socket, &d.pid);
	if (d.socket_error == 0)
		ask_all(&d);
	if (!d.up)
		d.pid = doc_process(&d, "mip6d");
	doc_gather(&d);
	doc_daemon(&d);
	if (r->argc || doc_config_file(&d, path)) {
		read_file(&d, r->argc ? r->argv[0] : path);
	} else {
		doc_say(&d, DOC_SKIPPED, "configuration", path, "%s: mip6d was started with this "
			"name, and is in another folder now", path);
		doc_fix(&d, "name the file: mip6ctl doctor FILE");
	}
	find_roles(&d);
	for (size_t i = 0; i < ARRAY_SIZE(check); i++)
		check[i](&d);
	print_all(&r->opt, &d);
	for (size_t i = 0; i < d.n_item; i++)
		failed |= d.item[i].result == DOC_FAIL;
	doc_free(&d);
	return failed ? MIP6_EXIT_NOT_TRUE : MIP6_EXIT_DONE;
}
