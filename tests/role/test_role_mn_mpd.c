/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile prefix discovery and the renumbering of a mobile node's home (RFC 6275 11.4.2, 11.4.3). */
#include "mn_role_help.h"

#include "role/live.h"

#define NEWNET	"2001:db8:28a::"
#define NEWHOA	NEWNET "beef"
#define NEWHA	NEWNET "1"

static void begin(bool renumber)
{
	w.c.router = false;
	w.home[0].n_prefix = 0;
	w.home[0].renumber = renumber;
	start();
	foreign1();
}

/* Registered with this status; discovery begins with 1. */
static void bound(uint8_t status)
{
	const struct bu b = one_bu();
	const struct ba a = { .status = status, .lifetime = 600 };

	answer_with(&b, &a);
	turn();
}

/* The one solicitation that went out: its identifier. */
static uint16_t solicitation(const char *coa)
{
	const struct fake_icmp *f = fake_icmp_pop();
	uint16_t id;

	assert_non_null(f);
	assert_int_equal(f->m.type, ICMP6_MPS);
	assert_true(is6(&f->tx.src, coa) && is6(&f->tx.dst, HA1));
	assert_true(f->tx.has_hao && is6(&f->tx.hao, HOA) && !f->tx.has_rh2);
	id = f->m.mps.id;
	assert_int_equal(fake_icmp_count(), 0);
	return id;
}

static struct icmp6_msg advert(uint16_t id, uint32_t valid, uint32_t preferred)
{
	struct icmp6_msg m = { .type = ICMP6_MPA, .mpa = { .id = id, .n = 1 } };

	m.mpa.prefix[0] = (struct nd_prefix){ .addr = ip6("2001:db8:280::"), .plen = 64,
					      .on_link = true, .autonomous = true,
					      .valid = valid, .preferred = preferred };
	return m;
}

static void and_new(struct icmp6_msg *m)
{
	m->mpa.prefix[m->mpa.n++] = (struct nd_prefix){
		.addr = ip6(NEWHA), .plen = 64, .on_link = true, .autonomous = true,
		.router = true, .valid = 90000, .preferred = 90000 };
}

static void hear_at(const char *coa, const char *src, bool rh2, const struct icmp6_msg *m)
{
	struct icmp6_rx rx = { .src = ip6(src), .dst = ip6(HOA), .has_rh2 = rh2,
			       .rh2_coa = ip6(coa), .at = run_now() };

	fake_icmp_rx(&rx, m);
	turn();
}

static void hear_from(const char *src, bool rh2, const struct icmp6_msg *m)
{
	hear_at(COA1, src, rh2, m);
}

static void test_status_1_starts_prefix_discovery(void **state)
{
	uint16_t id;

	(void)state;
	begin(false);
	bound(BA_ACCEPTED);
	assert_int_equal(fake_icmp_count(), 0);
	mn_refresh(mn, NULL);
	turn();
	bound(BA_PREFIX_DISCOVERY);
	id = solicitation(COA1);
	advance(3);
	assert_int_equal(solicitation(COA1), id);
	lost();
	advance(100);
	assert_int_equal(fake_icmp_count(), 0);
}

static void test_advertisement_must_come_from_the_home_agent_and_be_asked_for(void **state)
{
	struct icmp6_msg m;
	struct mn_info i;
	uint16_t id;

	(void)state;
	begin(false);
	bound(BA_PREFIX_DISCOVERY);
	id = solicitation(COA1);
	m = advert(id, 100000, 50000);
	hear_from(HA2, true, &m);
	hear_from(HA1, false, &m);		/* MUST have a type 2 routing header */
	hear_at(COA2, HA1, true, &m);		/* MUST go to where the solicitation came from */
	assert_true(mn_home(mn, 0, &i) && isinf(i.valid));
	assert_int_equal(mn_stats(mn).mpa, 0);
	m.mpa.id++;
	hear_from(HA1, true, &m);		/* discarded */
	assert_true(mn_home(mn, 0, &i) && isinf(i.valid));
	m.mpa.id = id;
	hear_from(HA1, true, &m);
	assert_true(mn_home(mn, 0, &i) && i.valid == run_now() + 100000);
	assert_true(i.preferred == run_now() + 50000);
	/* unsolicited: MUST be discarded, SHOULD solicit */
	advance(5);
	m = advert(0, 9000, 9000);
	hear_from(HA1, true, &m);
	solicitation(COA1);
	assert_true(mn_home(mn, 0, &i) && i.valid > run_now() + 90000);
}

static void test_new_prefix_is_left_alone_unless_wanted(void **state)
{
	struct icmp6_msg m;

	(void)state;
	begin(false);
	bound(BA_PREFIX_DISCOVERY);
	m = advert(solicitation(COA1), 100000, 0);
	and_new(&m);
	hear_from(HA1, true, &m);
	assert_int_equal(mn_homes(mn), 1);
	no_bu();
	/* deprecated, but programs would get a care-of address instead */
	assert_true(in_kernel("addr " HOA "/128 dev mip0 nodad home"));
}

/* Under the new home address the policy of the configuration goes on. */
static void test_renumbered_home_has_its_flows(void **state)
{
	static struct flow_weight weight[] = { { .bid = 1, .weight = 2 } };
	static struct flow_conf flow[] = { { .name = "voice", .fid = 3, .prio = 10, .n_bid = 1,
					     .bid = { 1 }, .weights = weight, .n_weights = 1 } };
	struct icmp6_msg m;

	(void)state;
	w.home[0].flows = flow;
	w.home[0].n_flow = 1;
	begin(true);
	bound(BA_PREFIX_DISCOVERY);
	m = advert(solicitation(COA1), 8000, 0);
	and_new(&m);
	hear_from(HA1, true, &m);
	assert_int_equal(mn_homes(mn), 2);
	assert_int_equal(w.home[1].n_flow, 1);
	assert_string_equal(w.home[1].flows[0].name, "voice");
	assert_int_equal(w.home[1].flows[0].fid, 3);
	assert_ptr_not_equal(w.home[1].flows, flow);	/* the configuration may go */
	assert_ptr_not_equal(w.home[1].flows[0].weights, weight);
	next_bu(&(struct bu){ 0 });
	home_conf_free(&w.home[1]);
	w.home[1].hoa.family = AF_INET6;
}

static void test_home_is_renumbered(void **state)
{
	struct ba a = { .lifetime = 600 };
	struct icmp6_msg m;
	char rule[128];
	struct bu b;

	(void)state;
	begin(true);
	bound(BA_PREFIX_DISCOVERY);
	m = advert(solicitation(COA1), 8000, 0);
	and_new(&m);
	hear_from(HA1, true, &m);
	assert_int_equal(mn_homes(mn), 2);
	b = one_bu();
	assert_true(is6(&b.dst, NEWHA) && is6(&b.conf->hoa.a.in6, NEWHOA));
	assert_false(w.home[0].deprecated);	/* not before there is another to use */
	answer_with(&b, &a);
	turn();
	assert_true(in_kernel("addr " NEWHOA "/128 dev mip0 nodad home"));
	assert_true(in_kernel("addr " HOA "/128 dev mip0 nodad home deprecated"));
	snprintf(rule, sizeof(rule), "rule ipv6 pref 6020 from any to any iif lo lookup %u",
		 w.home[1].table);
	assert_true(in_kernel(rule));	/* the default of sockets without an address */
	/* both are there until the old prefix ends */
	cut = ANY;
	for (int i = 0; i < 9000 && !(next_bu(&b) && b.dereg); i++) {
		if (b.lifetime && b.at == run_now())
			answer_with(&b, &a);
		while (fake_icmp_count())
			fake_icmp_pop();
		advance(1);
		b = (struct bu){ 0 };
	}
	assert_true(b.dereg && is6(&b.dst, HA1) && is6(&b.conf->hoa.a.in6, HOA));
	a.lifetime = 0;
	answer_with(&b, &a);
	turn();
	assert_null(strstr(fake_kern_dump(), "addr " HOA "/128"));
	assert_null(strstr(fake_kern_dump(), "dst " HOA));
	assert_true(w.home[0].retired && !w.home[1].retired);
	assert_true(in_kernel("addr " NEWHOA "/128 dev mip0 nodad home"));
}

static void test_last_home_address_that_ends_takes_nothing_else_with_it(void **state)
{
	struct icmp6_msg m;
	struct bu b;

	(void)state;
	w.c.timers.min_valid_lifetime = 10;
	begin(false);
	bound(BA_PREFIX_DISCOVERY);
	m = advert(solicitation(COA1), 0, 0);
	hear_from(HA1, true, &m);
	advance(11);
	assert_true(next_bu(&b) && b.dereg);
	answer_with(&b, &(struct ba){ .lifetime = 0 });
	turn();
	assert_null(strstr(fake_kern_dump(), "addr " HOA "/128"));
	assert_non_null(strstr(fake_kern_dump(), "mip0"));	/* the node runs on */
	mn_stop(mn, on_done, NULL);
	turn();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

/* At home the home link's Router Advertisements count, not an old advertisement. */
static void test_at_home_an_old_advertisement_ends_nothing(void **state)
{
	struct mn_info i;
	struct icmp6_msg m;
	struct bu b;
	uint16_t id;

	(void)state;
	begin(false);
	bound(BA_PREFIX_DISCOVERY);
	id = solicitation(COA1);
	m = advert(id, 8000, 8000);
	hear_from(HA1, true, &m);
	assert_true(mn_home(mn, 0, &i) && i.valid == run_now() + 8000);
	at_home();
	advance(2);
	while (next_bu(&b))
		;
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
	advance(8100);
	fake_mh_pop();
	while (fake_icmp_pop())
		;
	assert_true(mn_home(mn, 0, &i));
	foreign1();
	assert_int_equal(state_now(), BUL_WAIT_BA);
	while (fake_mh_pop())
		;
}

/* The home agent's clock is a little ahead: it refuses before we know the end, while we ask. */
static void test_home_agent_that_refuses_at_the_end_is_answer_enough(void **state)
{
	struct mn_info i;
	struct icmp6_msg m;
	struct bu b;

	(void)state;
	w.c.timers.min_valid_lifetime = 10;
	begin(false);
	bound(BA_PREFIX_DISCOVERY);
	m = advert(solicitation(COA1), 20, 0);
	hear_from(HA1, true, &m);
	cut = 4;				/* as long as the home prefix, at least */
	advance(18.5);
	solicitation(COA1);
	mn_refresh(mn, NULL);
	turn();
	while (fake_mh_count())
		next_bu(&b);
	answer_with(&b, &(struct ba){ .status = BA_NOT_HOME_SUBNET });
	turn();
	assert_int_equal(state_now(), BUL_BACKOFF);
	advance(2);
	assert_false(mn_home(mn, 0, &i));
	while (fake_icmp_pop())
		;
}

/* ---- at home ---- */

static void ra(const char *net, uint32_t valid, uint32_t preferred, struct nd_msg *m)
{
	m->type = ND_RA;
	m->ra.prefix[m->ra.n_prefix++] = (struct nd_prefix){
		.addr = ip6(net), .plen = 64, .on_link = true, .autonomous = true,
		.valid = valid, .preferred = preferred };
}

static void hear_ra(const struct nd_msg *m)
{
	const struct in6_addr router = ip6(HOME_ROUTER), all = ip6("ff02::1");

	assert_true(fake_nd_rx(WLAN0, &router, &all, m));
	turn();
}

static void no_binding(void)
{
	struct bu b = { 0 };

	while (next_bu(&b))
		;
	assert_true(b.dereg);
	accept_bu(&b);
	turn();
	while (fake_dad_count())
		dad_says(false);
	turn();
}

static void begin_at_home(void)
{
	w.c.router = false;
	w.home[0].n_prefix = 0;
	w.home[0].renumber = true;
	ra_ll = (struct nd_lladdr){ .len = 6, .b = { 2, 0, 0, 0, 0, 1 } };
	start();
	ndsock_watch(fake_ndsock(), WLAN0, true);
	at_home();
	no_binding();
	assert_int_equal(state_now(), BUL_HOME);
}

static bool home_again(unsigned i, enum bul_state state)
{
	struct mn_info info;

	return mn_home(mn, i, &info) && info.bul->state == state;
}

/* By the home link itself (RFC 4862 5.5.3); that of another link, just before we notice, is none. */
static void test_home_is_renumbered_at_home(void **state)
{
	struct nd_msg other = { 0 }, m = { 0 };
	struct mn_info i;

	(void)state;
	begin_at_home();
	ra(NEWNET, 90000, 90000, &other);
	hear_ra(&other);
	assert_int_equal(mn_homes(mn), 1);
	also_home = pfx(NEWNET "/64");
	ra("2001:db8:280::", 8000, 0, &m);
	ra(NEWHA, 90000, 90000, &m);
	m.ra.prefix[1].router = true;
	hear_ra(&m);
	assert_int_equal(mn_homes(mn), 2);
	assert_false(w.home[0].deprecated);
	no_binding();
	assert_true(home_again(0, BUL_HOME) && home_again(1, BUL_HOME));
	assert_true(mn_home(mn, 0, &i) && i.valid == run_now() + 8000);
	assert_true(in_kernel("addr " NEWHOA "/64 dev wlan0 nodad home noprefixroute"));
	assert_true(w.home[0].deprecated && !w.home[1].deprecated);
	assert_true(is6(&w.home[1].home_agents[0], HA1));
	/* both prefixes are of one link */
	hear_ra(&m);
	assert_true(home_again(0, BUL_HOME) && home_again(1, BUL_HOME));
	/* not on the link any more, says its router, but one address is valid for two hours yet */
	m.ra.prefix[0].valid = 0;
	hear_ra(&m);
	assert_true(mn_home(mn, 0, &i) && i.valid == run_now() + 7200);
	md_says("home", "wlan0", NULL, HOME_ROUTER, NEWNET "/64");
	turn();
	assert_true(home_again(0, BUL_HOME) && home_again(1, BUL_HOME));
	advance(7000);
	hear_ra(&m);
	advance(201);
	assert_false(mn_home(mn, 0, &i));
	assert_true(home_again(1, BUL_HOME));
	assert_null(strstr(fake_kern_dump(), "addr " HOA "/"));
}

/* What was given up comes back with its prefix, and what came lasts no longer than its own. */
static void test_home_addresses_come_and_go_with_their_prefixes(void **state)
{
	struct nd_msg m = { 0 };
	struct mn_info i;

	(void)state;
	begin_at_home();
	also_home = pfx(NEWNET "/64");
	ra("2001:db8:280::", 8000, 0, &m);
	ra(NEWNET, 90000, 90000, &m);
	hear_ra(&m);
	no_binding();
	advance(8001);
	assert_false(mn_home(mn, 0, &i));
	md_says("home", "wlan0", NULL, HOME_ROUTER, NEWNET "/64");
	turn();
	/* the old one is back, in its place */
	also_home = pfx(HOME_PREFIX);
	m.ra.prefix[0].valid = m.ra.prefix[0].preferred = 90000;
	m.ra.prefix[1].valid = 8000;
	m.ra.prefix[1].preferred = 0;
	hear_ra(&m);
	no_binding();
	assert_true(home_again(0, BUL_HOME) && home_again(1, BUL_HOME));
	assert_true(w.home[0].home_agents[0].s6_addr[15] == 1 && !w.home[0].retired);
	assert_int_equal(mn_homes(mn), 2);
	/* the one that came goes, and leaves its place to the next */
	advance(8001);
	assert_false(mn_home(mn, 1, &i));
	assert_true(home_again(0, BUL_HOME));
	md_says("home", "wlan0", NULL, HOME_ROUTER, HOME_PREFIX);
	turn();
	also_home = pfx("2001:db8:28b::/64");
	m.ra.prefix[1].addr = ip6("2001:db8:28b::");
	m.ra.prefix[1].valid = m.ra.prefix[1].preferred = 90000;
	hear_ra(&m);
	no_binding();
	assert_int_equal(mn_homes(mn), 2);
	assert_true(home_again(1, BUL_HOME));
	assert_true(in_kernel("addr 2001:db8:28b::beef/64 dev wlan0 nodad home noprefixroute"));
}

/* The link-local address of the router is that of a router elsewhere, too, and two homes are of one
 * node: that we are there is no reason to stay at home here. */
static void test_router_of_the_same_address_on_another_home_link(void **state)
{
	(void)state;
	w.c.n_home = 2;
	begin_at_home();
	while (fake_mh_pop())
		;
	assert_true(home_again(0, BUL_HOME));
	md_says("home", "wlan0", NULL, HOME_ROUTER, "2001:db8:290::/64");
	turn();
	assert_true(home_again(0, BUL_HOME));	/* one router: only its list is another */
	md_says("home", "wlan0", NULL, HOME_ROUTER, HOME_PREFIX);
	turn();
	router_others++;
	md_says("home", "wlan0", NULL, HOME_ROUTER, "2001:db8:290::/64");
	turn();
	assert_false(home_again(0, BUL_HOME));
	assert_false(in_kernel("addr " HOA "/64 dev wlan0 nodad home noprefixroute"));
}

/* Nobody on the home link said anything for too long; then somebody does. */
static void test_configured_home_address_comes_back_at_home(void **state)
{
	struct nd_msg m = { 0 }, last = { 0 };
	struct mn_info i;

	(void)state;
	begin_at_home();
	ra("2001:db8:280::", 8000, 4000, &m);
	hear_ra(&m);
	advance(8001);
	assert_false(mn_home(mn, 0, &i));
	ra("2001:db8:280::", 8000, 0, &last);
	hear_ra(&last);
	assert_false(mn_home(mn, 0, &i));
	hear_ra(&m);
	no_binding();
	assert_true(home_again(0, BUL_HOME) && !w.home[0].retired);
	assert_true(in_kernel("addr " HOA "/64 dev wlan0 nodad home noprefixroute"));
}

/* Held by the operator when its prefix ends: nobody was asked, so nobody knows. */
static void test_held_home_is_kept_beyond_its_prefix(void **state)
{
	struct mn_info i;
	struct icmp6_msg m;
	struct bu b;
	uint16_t id;

	(void)state;
	begin(false);
	bound(BA_PREFIX_DISCOVERY);
	id = solicitation(COA1);
	m = advert(id, 8000, 8000);
	hear_from(HA1, true, &m);
	mn_deregister(mn, NULL);
	turn();
	b = one_bu();
	accept_bu(&b);
	advance(8100);
	assert_null(fake_icmp_pop());
	assert_true(mn_home(mn, 0, &i));
	mn_refresh(mn, NULL);
	turn();
	b = one_bu();
	accept_bu(&b);
	(void)solicitation(COA1);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_status_1_starts_prefix_discovery),
		T(test_advertisement_must_come_from_the_home_agent_and_be_asked_for),
		T(test_new_prefix_is_left_alone_unless_wanted),
		T(test_renumbered_home_has_its_flows),
		T(test_home_is_renumbered),
		T(test_last_home_address_that_ends_takes_nothing_else_with_it),
		T(test_at_home_an_old_advertisement_ends_nothing),
		T(test_held_home_is_kept_beyond_its_prefix),
		T(test_home_agent_that_refuses_at_the_end_is_answer_enough),
		T(test_home_is_renumbered_at_home),
		T(test_router_of_the_same_address_on_another_home_link),
		T(test_configured_home_address_comes_back_at_home),
		T(test_home_addresses_come_and_go_with_their_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
