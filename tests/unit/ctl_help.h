/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/ctl_help.h - a control socket in a directory of its own, with a
 * node that is none (fake_node.h), and a client of it.
 *
 * One thread: whoever waits turns the loop.
 */
#ifndef MIP6_TESTS_CTL_HELP_H
#define MIP6_TESTS_CTL_HELP_H

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <grp.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "ctl/ctl_priv.h"
#include "fake_node.h"
#include "mip6/ctl.h"

#define TURNS		20000		/* of the loop, before a test gives up */
#define S		"org.varlink.service."

static const char ha_text[] =
	"roles = [ \"ha\" ];\n"
	"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\";\n"
	"                 prefixes = [ \"2001:db8:280::/64\" ]; } );\n"
	"mobile_nodes = ( { home_address = \"2001:db8:280::1:1\"; prefixes = [ \"10.0.0.0/24\",\n"
	"                   \"2001:db8:281::/64\" ]; security = { method = \"none\"; }; },\n"
	"                 { home_address = \"2001:db8:280::1:2\"; security = { method = "
	"\"none\"; }; } );\n";
__attribute__((unused)) static const char cn_text[] = "roles = [ \"cn\" ];\n";
static const char mr_text[] =
	"roles = [ \"mr\" ];\n"
	"uplinks = ( { device = \"wwan0\"; } );\n"
	"homes = ( { home_address = \"2001:db8:280::beef/64\"; home_agent = \"2001:db8:280::1\";\n"
	"            prefixes = ( { prefix = \"10.0.0.0/24\"; device = \"lan0\"; } );\n"
	"            security = { method = \"none\"; }; } );\n";

struct fix {
	struct ev_loop *loop;
	struct conf *conf;
	struct ctl *ctl;
	char dir[64];
};

static inline struct conf *load(const char *text, const char *dir)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;

	assert_int_equal(conf_load_text(text, "text", 0, &c, &errs), 0);
	conf_errs_free(&errs);
	snprintf(c->control.socket, sizeof(c->control.socket), "%s/sock", dir);
	c->control.group[0] = '\0';
	return c;
}

static inline void begin(struct fix *f, const char *text)
{
	f->conf = load(text, f->dir);
	fake_node_start(f->conf);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, &fake_node.node), 0);
}

static inline int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	log_init(LOG_LV_ERR);
	snprintf(f->dir, sizeof(f->dir), "/tmp/mip6d-ctl.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->loop = ev_loop_new(EVFLAG_AUTO);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fix *f = *state;
	char path[128];

	ctl_close(f->ctl);
	fake_node_stop();
	event_fini();
	conf_free(f->conf);
	ev_loop_destroy(f->loop);
	snprintf(path, sizeof(path), "%s/sock", f->dir);
	unlink(path);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* ---- a client ---- */

static inline int connect_to(const struct fix *f)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", f->conf->control.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static inline void turn(struct fix *f)
{
	event_drain();
	ev_run(f->loop, EVRUN_NOWAIT);
}

static inline void say_n(struct fix *f, int fd, const char *p, size_t n)
{
	for (unsigned i = 0; n && i < TURNS; i++) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		assert_true(k > 0 || errno == EAGAIN || errno == EPIPE);
		if (k < 0 && errno == EPIPE)
			return;
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
		turn(f);
	}
}

static inline void say(struct fix *f, int fd, const char *text)
{
	say_n(f, fd, text, strlen(text) + 1);
}

/* The next reply, or NULL if the server hung up. */
static inline struct json_object *hear(struct fix *f, int fd)
{
	static char buf[1 << 17];

	for (unsigned i = 0; i < TURNS; i++) {
		ssize_t k = recv(fd, buf, sizeof(buf), MSG_PEEK);
		char *end = k > 0 ? memchr(buf, '\0', (size_t)k) : NULL;
		struct json_object *o;

		if (k == 0 || (k < 0 && errno == ECONNRESET))
			return NULL;
		if (!end) {
			turn(f);
			continue;
		}
		assert_int_equal(recv(fd, buf, (size_t)(end - buf) + 1, 0), end - buf + 1);
		o = json_tokener_parse(buf);
		assert_non_null(o);
		return o;
	}
	fail_msg("no reply");
	return NULL;
}

static inline void hears(struct fix *f, int fd, const char *wanted)
{
	struct json_object *o = hear(f, fd);

	assert_non_null(o);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE),
			    wanted);
	json_object_put(o);
}

static inline void hears_end(struct fix *f, int fd)
{
	assert_null(hear(f, fd));
	close(fd);
}

static inline const char *text_of(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(
		json_object_object_get(o, "parameters"), key));
}

/* The next record has these values; NULL: the key has none. */
struct member { const char *key, *value; };

static inline void members_are(struct json_object *o, const struct member *want, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = text_of(o, want[i].key);

		if (!got != !want[i].value || (got && strcmp(got, want[i].value)))
			fail_msg("%s: %s, not %s", want[i].key, got ? got : "none",
				 want[i].value ? want[i].value : "none");
	}
}

#define MEMBERS(o, ...)	members_are(o, (const struct member[]){ __VA_ARGS__ }, \
		ARRAY_SIZE(((const struct member[]){ __VA_ARGS__ })))
#define HEARS(f, fd, ...) \
	do { \
		struct json_object *heard_ = hear(f, fd); \
		MEMBERS(heard_, __VA_ARGS__); \
		json_object_put(heard_); \
	} while (0)

#endif
