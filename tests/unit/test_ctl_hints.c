/* SPDX-License-Identifier: BSD-2-Clause */
/* Hints and a detector's word by the control socket: who may, what is passed on, what is refused. */
#include "ctl_help.h"

static void test_a_hint_goes_to_the_node(void **state)
{
	struct fix *f = *state;
	int fd, other;

	begin(f, mr_text);
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = true;
	say(f, fd, "{\"method\":\"io.mip6d.Inject\",\"parameters\":{\"event\":\"md_info\","
		   "\"fields\":{\"kind\":\"coa\",\"device\":\"wwan0\",\"care_of\":\"2001:db8::7\","
		   "\"router\":null,\"link\":\"2001:db8::/64\"}}}");
	hears(f, fd, "{\"parameters\":{}}");
	assert_int_equal(fake_node.hints, 1);
	assert_int_equal(fake_node.hint.type, EV_md_info);
	assert_string_equal(fake_node.hint.md_info.kind, "coa");
	assert_string_equal(fake_node.hint.md_info.device, "wwan0");
	assert_string_equal(A6(&fake_node.hint.md_info.care_of), "2001:db8::7");
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&fake_node.hint.md_info.router));
	assert_string_equal(PFX(&fake_node.hint.md_info.link), "2001:db8::/64");
	/* whoever says that is the detector, until all who did are gone */
	assert_true(fake_node.detector.connected);
	assert_int_equal(fake_node.detector.pid, getpid());
	other = connect_to(f);
	turn(f);
	f->ctl->clients->next->admin = true;
	say(f, other, "{\"method\":\"io.mip6d.Inject\",\"parameters\":{\"event\":\"home_hint\"}}");
	hears(f, other, "{\"parameters\":{}}");
	close(other);
	turn(f);
	assert_true(fake_node.detector.connected);
	close(fd);
	turn(f);
	assert_false(fake_node.detector.connected);
}

static void test_the_node_says_what_is_wrong_with_a_hint(void **state)
{
	static const char call[] = "{\"method\":\"io.mip6d.Inject\",\"parameters\":"
				   "{\"event\":\"md_info\",\"fields\":{\"kind\":\"lost\"}}}";
	struct fix *f = *state;
	int fd;

	begin(f, mr_text);
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = false;
	say(f, fd, call);
	hears(f, fd, "{\"error\":\"" S "PermissionDenied\",\"parameters\":{}}");
	f->ctl->clients->admin = true;
	fake_node.no_field = "device";
	fake_node.no_reason = "is missing";
	say(f, fd, call);
	hears(f, fd, "{\"error\":\"io.mip6d.HintRefused\",\"parameters\":"
		     "{\"field\":\"device\",\"reason\":\"is missing\"}}");
	fake_node.no_field = NULL;
	fake_node.no_reason = "mn";
	say(f, fd, call);
	hears(f, fd, "{\"error\":\"io.mip6d.NoSuchRole\",\"parameters\":{\"role\":\"mn\"}}");
	assert_int_equal(fake_node.hints, 0);
	assert_false(fake_node.detector.connected);
	close(fd);
}

static void test_wrong_hints_are_refused(void **state)
{
	static const struct { const char *params, *wrong; } row[] = {
		{ "{}", "event" },
		{ "{\"event\":\"nope\"}", "event" },
		{ "{\"event\":\"bc_add\"}", "event" },		/* a fact, not a hint */
		{ "{\"event\":\"md_info\",\"fields\":[]}", "fields" },
		{ "{\"event\":\"md_info\",\"fields\":{\"knd\":\"coa\"}}", "knd" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":1}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":\"a\\nb\"}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":\"a\\u0000b\"}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":\"0123456789012345678901234567890123"
		  "456789012345678901234567890123\"}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"care_of\":\"10.0.0.1\"}}", "care_of" },
		{ "{\"event\":\"md_info\",\"fields\":{\"link\":\"x/64\"}}", "link" },
		{ "{\"event\":\"be_hint\",\"fields\":{\"status\":-1}}", "status" },
		{ "{\"event\":\"be_hint\",\"fields\":{\"status\":4294967296}}", "status" },
		{ "{\"event\":\"be_hint\",\"fields\":{\"status\":\"1\"}}", "status" },
	};
	struct fix *f = *state;
	char call[512], reply[256];
	int fd;

	begin(f, mr_text);
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = true;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.mip6d.Inject\",\"parameters\":%s}",
			 row[i].params);
		snprintf(reply, sizeof(reply), "{\"error\":\"" S "InvalidParameter\","
			 "\"parameters\":{\"parameter\":\"%s\"}}", row[i].wrong);
		say(f, fd, call);
		hears(f, fd, reply);
	}
	turn(f);
	assert_int_equal(fake_node.hints, 0);
	close(fd);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_hint_goes_to_the_node),
		T(test_the_node_says_what_is_wrong_with_a_hint),
		T(test_wrong_hints_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
