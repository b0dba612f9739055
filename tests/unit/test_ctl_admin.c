/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: configuration in force, reload, log levels, counters, movements. */
#include "ctl_help.h"

#include "ctl/conf_dump.h"
#include "ctl/conf_schema.h"

/* ---- configuration ---- */

static const char full_text[] =
	"roles = [ \"ha\", \"cn\" ];\n"
	"max_lifetime = 1200;\n"
	"log = { level = \"warning\"; debug = [ \"ha\" ]; };\n"
	"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\"; preference = 3;\n"
	"                 prefixes = [ \"2001:db8:280::/64\" ]; } );\n"
	"mobile_nodes = ( { home_address = \"2001:db8:280::1:1\"; nai = \"a@example.org\";\n"
	"                   prefixes = [ \"10.0.0.0/24\" ]; security = { method = \"none\"; }; } );\n"
	"correspondent = { policy = ( { peer = \"2001:db8::/32\"; allow = false; } ); };\n";

static void test_what_is_told_of_a_configuration_reads_back_the_same(void **state)
{
	static const char wanted[] =
		"{\"roles\":[\"ha\",\"cn\"],\"log\":{\"level\":\"warning\",\"debug\":[\"ha\"]},"
		"\"home_links\":[{\"device\":\"eth0\",\"address\":\"2001:db8:280::1\","
		"\"prefixes\":[\"2001:db8:280::/64\"],\"preference\":3}],"
		"\"mobile_nodes\":[{\"home_address\":\"2001:db8:280::1:1\","
		"\"nai\":\"a@example.org\",\"prefixes\":[\"10.0.0.0/24\"],"
		"\"security\":{\"method\":\"none\"}}],"
		"\"max_lifetime\":1200,"
		"\"correspondent\":{\"policy\":[{\"peer\":\"2001:db8::/32\",\"allow\":false}]}}";
	struct fix *f = *state;
	struct json_object *o, *w = json_tokener_parse(wanted);

	f->conf = load(full_text, f->dir);
	snprintf(f->conf->control.socket, sizeof(f->conf->control.socket), "%s", CONF_SOCKET);
	snprintf(f->conf->control.group, CONF_NAME, "mip6d");
	o = conf_dump(f->conf, false);
	if (!json_object_equal(o, w))
		assert_string_equal(json_object_to_json_string(o), json_object_to_json_string(w));
	json_object_put(o);
	json_object_put(w);
}

/* Each key of the tables that a role makes use of has a value, but those without any. */
static void has_all(const struct conf_schema *sc, struct json_object *o, unsigned roles)
{
	static const char *const none[] = { "spi", "key_file", "gre_key", "bid",
					    "max_lifetime", "max_care_of", "nai" };

	for (size_t i = 0; i < sc->n; i++) {
		const struct conf_key *k = &sc->key[i];
		struct json_object *v = json_object_object_get(o, k->name);
		bool may_lack = (k->def && k->kind == CK_ADDR) || k->kind == CK_LIST;

		for (size_t n = 0; n < ARRAY_SIZE(none); n++)
			may_lack |= strcmp(none[n], k->name) == 0;
		if (k->roles && !(k->roles & roles)) {
			assert_null(v);
			continue;
		}
		if (!v && !may_lack)
			fail_msg("%s.%s is not told", sc->name, k->name);
		if (v && k->kind == CK_GROUP)
			has_all(k->sub, v, roles);
		for (size_t n = 0; v && k->kind == CK_LIST && n < json_object_array_length(v); n++)
			has_all(k->sub, json_object_array_get_idx(v, n), roles);
	}
}

static void test_the_effective_configuration_has_every_key(void **state)
{
	static const char *const text[] = { full_text, mr_text };
	struct fix *f = *state;
	struct json_object *o;

	for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
		conf_free(f->conf);
		f->conf = load(text[i], f->dir);
		o = conf_dump(f->conf, true);
		has_all(&conf_schema_top, o, f->conf->roles);
		json_object_put(o);
	}
}

static void test_no_secret_is_told(void **state)
{
	struct fix *f = *state;
	struct json_object *o;

	f->conf = load(full_text, f->dir);
	f->conf->ha.nodes[0].sec.method = SEC_AUTH_OPTION;
	f->conf->ha.nodes[0].sec.key.spi = 1000;
	f->conf->ha.nodes[0].sec.key.len = 16;
	memset(f->conf->ha.nodes[0].sec.key.key, 0x5a, 16);
	o = conf_dump(f->conf, true);
	assert_non_null(strstr(json_object_to_json_string(o), CONF_HIDDEN));
	assert_null(strstr(json_object_to_json_string(o), "5a5a"));
	assert_null(strstr(json_object_to_json_string(o), "ZZZZ"));
	json_object_put(o);
}

static void test_the_configuration_comes_key_by_key(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	unsigned lists = 0, n = 0;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.GetConfig\",\"more\":true,"
		   "\"parameters\":{\"effective\":true}}");
	for (; (o = hear(f, fd)) && text_of(o, "key"); n++) {
		lists += strcmp(text_of(o, "key"), "mobile_nodes") == 0;
		json_object_put(o);
	}
	json_object_put(o);
	assert_int_equal(lists, 2);
	assert_true(n > 15);
	close(fd);
}

/* ---- reload ---- */

static struct { unsigned calls; bool busy; double after, undo_in; } asked;

static bool on_reload(void *arg, double undo_after)
{
	(void)arg;
	asked.calls++;
	asked.after = undo_after;
	return !asked.busy;
}

static bool on_confirm(void *arg)
{
	bool pending = asked.undo_in >= 0;

	(void)arg;
	asked.undo_in = -1;
	return pending;
}

static double on_undo_in(void *arg)
{
	(void)arg;
	return asked.undo_in;
}

static const struct ctl_reload_ops reload_ops = { on_reload, on_confirm, on_undo_in };

static void test_a_reload_is_answered_when_it_is_over(void **state)
{
	static const struct { enum ctl_reload_rc rc; const char *text, *reply; } row[] = {
		{ CTL_RELOADED, "", "{\"parameters\":{\"warnings\":null,\"undo_in\":null}}" },
		{ CTL_RELOADED, "w", "{\"parameters\":{\"warnings\":\"w\",\"undo_in\":null}}" },
		{ CTL_RELOAD_BAD, "a\nb", "{\"error\":\"io.mip6d.BadConfiguration\","
		  "\"parameters\":{\"messages\":\"a\\nb\"}}" },
		{ CTL_RELOAD_REFUSED, "roles", "{\"error\":\"io.mip6d.CannotChange\","
		  "\"parameters\":{\"key\":\"roles\"}}" },
		{ CTL_RELOAD_FAILED, "x", "{\"error\":\"io.mip6d.Failed\","
		  "\"parameters\":{\"reason\":\"x\"}}" },
	};
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	log_init(LOG_LV_ERR);
	asked.calls = 0;
	asked.busy = false;
	asked.undo_in = -1;
	ctl_on_reload(f->ctl, &reload_ops, NULL);
	ctl_reload_done(f->ctl, CTL_RELOADED, "");	/* a signal's: nobody waits */
	fd = connect_to(f);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		/* the next call waits until this one is answered */
		say(f, fd, "{\"method\":\"io.mip6d.Reload\"}");
		say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
		for (unsigned k = 0; k < 20; k++)
			turn(f);
		assert_int_equal(asked.calls, i + 1);
		ctl_reload_done(f->ctl, row[i].rc, row[i].text);
		hears(f, fd, row[i].reply);
		hears(f, fd, "{\"parameters\":{}}");
	}
	close(fd);
}

/* Who is connected stays so. */
static void test_limits_and_groups_of_the_socket_are_taken_over(void **state)
{
	struct fix *f = *state;
	struct conf *one;
	struct stat st;
	int fd, other;

	begin(f, ha_text);
	ctl_on_reload(f->ctl, &reload_ops, NULL);
	one = load(ha_text, f->dir);
	one->control.max_clients = 1;
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.GetInfo\"}");
	json_object_put(hear(f, fd));
	assert_int_equal(ctl_try_conf(f->ctl, one), 0);
	ctl_set_conf(f->ctl, one);
	other = connect_to(f);
	hears_end(f, other);
	say(f, fd, "{\"method\":\"io.mip6d.Status\"}");
	json_object_put(hear(f, fd));
	close(fd);
	/* root's group is one that everybody here has */
	strcpy(f->conf->control.group, "root");
	ctl_set_conf(f->ctl, f->conf);
	strcpy(one->control.group, "nobody-has-this-group");
	log_init(LOG_LV_ERR);
	assert_int_equal(ctl_try_conf(f->ctl, one), 0);
	assert_int_equal(stat(f->conf->control.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	ctl_set_conf(f->ctl, one);
	assert_int_equal(ctl_try_conf(f->ctl, f->conf), geteuid() ? -EPERM : 0);
	assert_int_equal(stat(f->conf->control.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, geteuid() ? 0600 : 0660);
	ctl_set_conf(f->ctl, f->conf);
	conf_free(one);
}

/* The time is checked, handed on and told; a confirmation ends it, once. */
static void test_an_undo_is_asked_for_told_and_called_off(void **state)
{
	static const char *const wrong[] = { "0", "0.5", "-1", "86401", "\"x\"" };
	struct fix *f = *state;
	struct json_object *o;
	char call[128];
	int fd;

	begin(f, ha_text);
	asked.calls = 0;
	asked.busy = false;
	asked.undo_in = -1;
	ctl_on_reload(f->ctl, &reload_ops, NULL);
	fd = connect_to(f);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.mip6d.Reload\",\"parameters\":"
			 "{\"undo_after\":%s}}", wrong[i]);
		say(f, fd, call);
		hears(f, fd, "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":"
			     "{\"parameter\":\"undo_after\"}}");
	}
	assert_int_equal(asked.calls, 0);
	say(f, fd, "{\"method\":\"io.mip6d.Reload\",\"parameters\":{\"undo_after\":60}}");
	for (unsigned k = 0; k < 20; k++)
		turn(f);
	assert_true(asked.calls == 1 && asked.after == 60);
	asked.undo_in = 59.5;
	ctl_reload_done(f->ctl, CTL_RELOADED, "");
	hears(f, fd, "{\"parameters\":{\"warnings\":null,\"undo_in\":59.500000}}");
	say(f, fd, "{\"method\":\"io.mip6d.Status\"}");
	o = hear(f, fd);
	assert_true(json_object_get_double(json_object_object_get(
		json_object_object_get(o, "parameters"), "undo_in")) == 59.5);
	json_object_put(o);
	say(f, fd, "{\"method\":\"io.mip6d.Confirm\"}");
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.Confirm\"}");
	hears(f, fd, "{\"error\":\"io.mip6d.NoUndoPending\",\"parameters\":{}}");
	close(fd);
}

static void test_one_reload_at_a_time_and_nobody_must_stay(void **state)
{
	struct fix *f = *state;
	int fd, other;

	begin(f, ha_text);
	asked.busy = false;
	asked.undo_in = -1;
	ctl_on_reload(f->ctl, &reload_ops, NULL);
	fd = connect_to(f);
	other = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Reload\"}");
	for (unsigned k = 0; k < 20; k++)
		turn(f);
	say(f, other, "{\"method\":\"io.mip6d.Reload\"}");
	hears(f, other, "{\"error\":\"io.mip6d.Failed\",\"parameters\":"
			"{\"reason\":\"another reload is under way\"}}");
	/* it has said all and waits: not closed, and answered */
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (unsigned k = 0; k < 20; k++)
		turn(f);
	ctl_reload_done(f->ctl, CTL_RELOADED, "");
	hears(f, fd, "{\"parameters\":{\"warnings\":null,\"undo_in\":null}}");
	hears_end(f, fd);
	/* one who goes away is forgotten */
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Reload\"}");
	turn(f);
	close(fd);
	for (unsigned k = 0; k < 20; k++)
		turn(f);
	ctl_reload_done(f->ctl, CTL_RELOADED, "");
	/* a signal's reload is under way */
	asked.busy = true;
	say(f, other, "{\"method\":\"io.mip6d.Reload\"}");
	hears(f, other, "{\"error\":\"io.mip6d.Failed\",\"parameters\":"
			"{\"reason\":\"another reload is under way\"}}");
	say(f, other, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	hears(f, other, "{\"parameters\":{}}");
	close(other);
}

/* ---- log ---- */

static void test_log_levels_change_while_it_runs(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.SetLogLevel\",\"parameters\":"
		   "{\"room\":\"mn\",\"level\":\"debug\"}}");
	hears(f, fd, "{\"parameters\":{}}");
	assert_true(log_wants("mn", LOG_LV_DEBUG));
	assert_false(log_wants("ha", LOG_LV_INFO));
	say(f, fd, "{\"method\":\"io.mip6d.GetLogLevels\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{\"room\":null,\"level\":\"error\"},\"continues\":true}");
	for (const struct conf_word *w = conf_word_room; w->name; w++) {
		o = hear(f, fd);
		assert_string_equal(text_of(o, "room"), w->name);
		assert_string_equal(text_of(o, "level"),
				    strcmp(w->name, "mn") ? "error" : "debug");
		json_object_put(o);
	}
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.SetLogLevel\",\"parameters\":{\"level\":\"error\"}}");
	hears(f, fd, "{\"parameters\":{}}");
	assert_false(log_wants("mn", LOG_LV_DEBUG));
	say(f, fd, "{\"method\":\"io.mip6d.SetLogLevel\",\"parameters\":{\"level\":\"loud\"}}");
	hears(f, fd, "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"level\"}}");
	say(f, fd, "{\"method\":\"io.mip6d.SetLogLevel\",\"parameters\":"
		   "{\"room\":\"bath\",\"level\":\"debug\"}}");
	hears(f, fd, "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"room\"}}");
	close(fd);
}

/* ---- counters ---- */

static int64_t bu_of(struct fix *f, int fd, bool raw)
{
	struct json_object *o, *ha;
	int64_t n;

	say(f, fd, raw ? "{\"method\":\"io.mip6d.GetStats\",\"parameters\":{\"raw\":true}}"
		       : "{\"method\":\"io.mip6d.GetStats\"}");
	o = hear(f, fd);
	ha = json_object_object_get(json_object_object_get(o, "parameters"), "home_agent");
	n = json_object_get_int64(json_object_object_get(ha, "bu"));
	if (!raw && n == 0) {
		struct json_object *a = json_object_object_get(ha, "refused");

		/* the status is a name, not a number that counts */
		o = json_object_get(o);
		assert_int_equal(json_object_get_int(json_object_object_get(
			json_object_array_get_idx(a, 0), "status")), 132);
		assert_int_equal(json_object_get_int(json_object_object_get(
			json_object_array_get_idx(a, 0), "count")), 0);
		assert_string_equal(text_of(o, "control_clients"), "1");
		json_object_put(o);
	}
	json_object_put(o);
	return n;
}

static void test_counters_begin_anew_but_not_for_those_who_take_differences(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	assert_int_equal(bu_of(f, fd, false), 7);
	say(f, fd, "{\"method\":\"io.mip6d.ResetStats\"}");
	hears(f, fd, "{\"parameters\":{}}");
	assert_int_equal(bu_of(f, fd, false), 0);
	assert_int_equal(bu_of(f, fd, true), 7);
	close(fd);
}

/* ---- movements ---- */

static void move(double detect, double total)
{
	struct event e = { .type = EV_handover,
			   .handover = { .detect = detect, .bu = .001, .ba = .04, .total = total } };

	event_emit(&e);
	event_drain();
}

static void test_the_last_movements_are_remembered(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	begin(f, mr_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListHandovers\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{}}");
	for (unsigned i = 1; i <= CTL_MOVES + 5; i++)
		move(-1, i);
	say(f, fd, "{\"method\":\"io.mip6d.ListHandovers\",\"more\":true,"
		   "\"parameters\":{\"last\":2}}");
	for (unsigned i = CTL_MOVES + 4; i <= CTL_MOVES + 5; i++) {
		o = hear(f, fd);
		assert_int_equal(atof(text_of(o, "total")), i);
		json_object_put(o);
	}
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.ListHandovers\",\"more\":true}");
	for (unsigned i = 6; i <= CTL_MOVES + 5; i++) {
		o = hear(f, fd);
		assert_int_equal(atof(text_of(o, "total")), i);
		json_object_put(o);
	}
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.ListHandovers\",\"more\":true,"
		   "\"parameters\":{\"last\":0}}");
	hears(f, fd, "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"last\"}}");
	close(fd);
}

static void test_phases_are_counted_in_buckets(void **state)
{
	struct fix *f = *state;

	begin(f, mr_text);
	move(.05, .3);
	move(-1, 20);
	assert_int_equal(f->ctl->moves.phase[0].n, 1);		/* -1: not known */
	assert_int_equal(f->ctl->moves.phase[0].bucket[3], 0);	/* .025 */
	assert_int_equal(f->ctl->moves.phase[0].bucket[4], 1);	/* .05 */
	assert_int_equal(f->ctl->moves.phase[3].n, 2);
	assert_int_equal(f->ctl->moves.phase[3].bucket[HISTO_BUCKETS - 1], 1);
	assert_true(f->ctl->moves.phase[3].sum == 20.3);
}

static void test_movements_by_where_from_and_where_to(void **state)
{
	struct event e = { .type = EV_handover };
	struct locator away = { .family = AF_INET6 };
	struct ctl_moves m = { 0 };

	(void)state;
	e.handover.to = away;
	ctl_moves_note(&m, &e);
	e.handover.from = away;
	ctl_moves_note(&m, &e);
	ctl_moves_note(&m, &e);
	e.handover.to.family = 0;
	ctl_moves_note(&m, &e);
	assert_int_equal(m.by[CTL_MOVE_AWAY], 1);
	assert_int_equal(m.by[CTL_MOVE_ON], 2);
	assert_int_equal(m.by[CTL_MOVE_HOME], 1);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_what_is_told_of_a_configuration_reads_back_the_same),
		T(test_the_effective_configuration_has_every_key),
		T(test_no_secret_is_told),
		T(test_the_configuration_comes_key_by_key),
		T(test_a_reload_is_answered_when_it_is_over),
		T(test_limits_and_groups_of_the_socket_are_taken_over),
		T(test_an_undo_is_asked_for_told_and_called_off),
		T(test_one_reload_at_a_time_and_nobody_must_stay),
		T(test_log_levels_change_while_it_runs),
		T(test_counters_begin_anew_but_not_for_those_who_take_differences),
		T(test_the_last_movements_are_remembered),
		T(test_phases_are_counted_in_buckets),
		T(test_movements_by_where_from_and_where_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
