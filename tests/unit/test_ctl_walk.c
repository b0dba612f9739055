/* SPDX-License-Identifier: BSD-2-Clause */
/* Listings while what they list changes: what stays is said once, and every listing ends. */
#include "ctl_help.h"

#include <malloc.h>

#define STAYS	3000			/* present all the time: 1..STAYS */
#define GUESTS	3000			/* STAYS + 1 and on: there before, and gone soon */
#define LATE	9000			/* from there on: come in between */

static unsigned seen[4 * LATE];

static void bind_all(unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++)
		fake_node_bind(i);
}

/* The number that fake_node.c made the address of. */
static unsigned number(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return (unsigned)a.s6_addr[11] << 16 | (unsigned)a.s6_addr[14] << 8 | a.s6_addr[15];
}

/* Reads to the end; after each record something else comes or goes. No field `key` is
 * the end: the empty reply, or sync. */
static unsigned read_all(struct fix *f, int fd, const char *key, void (*churn)(unsigned i))
{
	struct json_object *o;
	unsigned n = 0;

	memset(seen, 0, sizeof(seen));
	while ((o = hear(f, fd)) && text_of(o, key)) {
		assert_true(number(text_of(o, key)) < ARRAY_SIZE(seen));
		seen[number(text_of(o, key))]++;
		json_object_put(o);
		if (churn)
			churn(n);
		assert_true(n++ < LATE);
	}
	assert_non_null(o);
	json_object_put(o);
	return n;
}

static void each_once(unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++)
		assert_int_equal(seen[i], 1);
}

static void guests_go_and_others_come(unsigned i)
{
	fake_node_unbind(STAYS + 1 + i % GUESTS);
	fake_node_unbind(STAYS + GUESTS - i % GUESTS);
	fake_node_bind(LATE + i);
	fake_node_bind(1 + i % STAYS);		/* a refresh: it stays in its place */
}

static void test_bindings_that_stay_are_listed_once(void **state)
{
	struct fix *f = *state;
	unsigned n;
	int fd;

	begin(f, ha_text);
	/* guests first and in between, so that the place itself goes away again and again */
	bind_all(STAYS + 1, GUESTS / 2);
	bind_all(1, STAYS);
	bind_all(STAYS + 1 + GUESTS / 2, GUESTS / 2);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	n = read_all(f, fd, "home_address", guests_go_and_others_come);
	each_once(1, STAYS);
	assert_true(n > STAYS && n < STAYS + GUESTS);
	for (unsigned i = 0; i < GUESTS; i++)
		assert_true(seen[STAYS + 1 + i] <= 1);
	/* whoever came later is in the next listing */
	assert_int_equal(seen[LATE], 0);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	read_all(f, fd, "home_address", NULL);
	each_once(1, STAYS);
	each_once(LATE, n - 1);
	close(fd);
}

static void one_comes(unsigned i)
{
	fake_node_bind(LATE + i);
}

static void test_a_listing_slower_than_what_comes_has_an_end(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	bind_all(1, STAYS);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	assert_int_equal(read_all(f, fd, "home_address", one_comes), STAYS);
	close(fd);
}

static void test_one_is_found_behind_many_and_none_is_said(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	bind_all(1, LATE);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true,"
		   "\"parameters\":{\"home_address\":\"2001:db8:280::1:2327\"}}");
	assert_int_equal(read_all(f, fd, "home_address", NULL), 1);
	assert_int_equal(seen[0x2327], 1);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true,"
		   "\"parameters\":{\"home_address\":\"2001:db8:280::1:2329\"}}");
	hears(f, fd, "{\"error\":\"io.mip6d.NotFound\",\"parameters\":"
		     "{\"home_address\":\"2001:db8:280::1:2329\"}}");
	close(fd);
}

static void test_the_present_state_of_a_monitor_is_whole(void **state)
{
	struct fix *f = *state;
	unsigned n;
	int fd;

	begin(f, ha_text);
	bind_all(1, STAYS);
	bind_all(STAYS + 1, GUESTS);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"bc_add\"]}}");
	n = read_all(f, fd, "home_address", guests_go_and_others_come);
	each_once(1, STAYS);
	assert_true(n < STAYS + GUESTS);
	close(fd);
}

/* Refreshed ones go to the end of the cache's own order; those that end come and go. */
static void peers_change(unsigned i)
{
	struct cn_key k;
	struct cn_entry *e;

	fake_node_peer(1 + i % STAYS);
	fake_node_peer(LATE + i);
	fake_node_peer(STAYS + 1 + i % GUESTS);
	k.local = (struct in6_addr){ .s6_addr = { 0x20, 1, 0xd, 0xb8, 2, 0x80, [13] = 1 } };
	k.peer = k.local;
	k.peer.s6_addr[14] = (uint8_t)((STAYS + 1 + i % GUESTS) >> 8);
	k.peer.s6_addr[15] = (uint8_t)(STAYS + 1 + i % GUESTS);
	e = cnc_find(fake_node.cn_cache, &k);
	assert_non_null(e);
	if (i & 1)
		cnc_del(fake_node.cn_cache, e);
	else
		cnc_set_gone(fake_node.cn_cache, e);
}

static void test_peers_that_stay_are_listed_once(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, cn_text);
	for (unsigned i = 1; i <= STAYS + GUESTS; i++)
		fake_node_peer(i);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListPeers\",\"more\":true}");
	assert_true(read_all(f, fd, "peer", peers_change) < STAYS + GUESTS);
	each_once(1, STAYS);
	assert_int_equal(seen[LATE], 0);
	/* for a monitor a peer's binding is one of its own address */
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"bc_add\"]}}");
	read_all(f, fd, "home_address", peers_change);
	each_once(1, STAYS);
	close(fd);
}

/* A listing by the order of the configuration cannot go on in another one. */
static void test_a_listing_by_place_ends_when_another_configuration_comes(void **state)
{
	static char text[1 << 20];
	struct fix *f = *state;
	struct json_object *o;
	unsigned said = 0;
	size_t n = (size_t)snprintf(text, sizeof(text), "%s",
				    "roles = [ \"ha\" ];\n"
				    "home_links = ( { device = \"eth0\"; address = "
				    "\"2001:db8:280::1\";\n"
				    "prefixes = [ \"2001:db8:280::/64\" ]; } );\n"
				    "mobile_nodes = (");
	int fd;

	for (unsigned i = 0; i < 2000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "%s{ home_address = \"2001:db8:280::2:%x\"; prefixes = "
				      "[ \"2001:db8:1000:%x::/64\" ]; "
				      "security = { method = \"none\"; }; }", i ? "," : "", i, i);
	snprintf(text + n, sizeof(text) - n, ");\n");
	log_init(0);
	begin(f, text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListPrefixes\",\"more\":true}");
	for (unsigned i = 0; i < 200; i++)
		turn(f);
	ctl_set_conf(f->ctl, f->conf);
	while ((o = hear(f, fd)) && text_of(o, "prefix")) {
		said++;
		json_object_put(o);
	}
	assert_true(said && said < 2000);
	assert_string_equal(json_object_get_string(json_object_object_get(o, "error")),
			    "io.mip6d.Failed");
	json_object_put(o);
	/* and the client may ask again */
	say(f, fd, "{\"method\":\"io.mip6d.ListPrefixes\",\"more\":true}");
	for (said = 0; (o = hear(f, fd)) && text_of(o, "prefix"); said++)
		json_object_put(o);
	json_object_put(o);
	assert_int_equal(said, 2000);
	close(fd);
}

/* The table may go away under a listing, and the client afterwards. */
static void test_the_role_may_end_under_a_listing(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	bind_all(1, STAYS);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	for (unsigned i = 0; i < 50; i++)
		turn(f);
	assert_non_null(f->ctl->clients->list.bindings.bc);
	ctl_set_node(f->ctl, NULL);
	bc_free(fake_node.bc);
	fake_node.bc = NULL;
	assert_null(f->ctl->clients->list.bindings.bc);
	assert_true(read_all(f, fd, "home_address", NULL) < STAYS);
	close(fd);
}

/* Heap of the daemon while 100,000 are listed, against that of the table itself. */
static void test_a_listing_does_not_grow_the_daemon(void **state)
{
	enum { N = 100000 };
	struct fix *f = *state;
	size_t empty, full, most = 0;
	int fd;

	begin(f, ha_text);
	empty = mallinfo2().uordblks;
	bind_all(1, N);
	full = mallinfo2().uordblks;
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	for (unsigned i = 0; i < 100; i++) {
		turn(f);
		most = MAX(most, mallinfo2().uordblks);
	}
	/* one queue and the record that is being made, whatever the table's size */
	assert_true(full - empty > (size_t)N * sizeof(struct binding));
	assert_true(most - full < 4 * CTL_OUT_LOW);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_bindings_that_stay_are_listed_once),
		T(test_a_listing_slower_than_what_comes_has_an_end),
		T(test_one_is_found_behind_many_and_none_is_said),
		T(test_the_present_state_of_a_monitor_is_whole),
		T(test_peers_that_stay_are_listed_once),
		T(test_a_listing_by_place_ends_when_another_configuration_comes),
		T(test_the_role_may_end_under_a_listing),
		T(test_a_listing_does_not_grow_the_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
