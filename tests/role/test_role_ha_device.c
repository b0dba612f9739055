/* SPDX-License-Identifier: BSD-2-Clause */
/* A tunnel device for each binding (tunnel = "device") with several care-of addresses. */
#include "ha_mcoa_help.h"

static void test_device_mode_has_a_device_for_each(void **state)
{
	(void)state;
	w.c.tunnel = TUNNEL_DEVICE;
	begin();
	bind_two();
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 2);
	/* one address cannot have two devices */
	BU(.seq = 2, .id = { { 1, COA, 10, false }, { 3, COA2, 20, false } });
	kernel_works();
	ba_ids(BA_MCOA_NOTCOMPLETE, 2, "1:0 3:130");
	assert_int_equal(last_event[EV_refused].refused.bid, 3);
	/* nor another node's */
	BU(.hoa = HOST, .src = COA3, .flags = AH, .seq = 1,
	   .id = { { 1, COA3, 0, false }, { 2, COA2, 0, false } });
	dad_ends(HOST, false);
	kernel_works();
	ba_ids(BA_MCOA_NOTCOMPLETE, 1, "1:0 2:130");
	bound(HOST, "1:" COA3);
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 3);
}

/* The kernel does not let two devices have the same ends, not even for a moment. */
static void test_device_mode_lets_addresses_change_hands(void **state)
{
	struct kobj second = { .kind = KOBJ_LINK }, third = { .kind = KOBJ_LINK };
	const struct bc_key k = { ip6(MR), 2, 0 };
	unsigned changes = 0;
	const char *log;

	(void)state;
	w.c.tunnel = TUNNEL_DEVICE;
	begin();
	bind_two();
	BU(.seq = 2, .id = { { 1, COA2, 10, false }, { 2, COA, 20, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "1:0 2:0");
	bound(MR, "1:" COA2 " 2:" COA);
	/* half of it fails: all is as before */
	ha_tunnel_name(&k, second.link.name);
	fake_kern_fail_object(&second, -ENOMEM);
	BU(.seq = 3, .id = { { 1, COA, 10, false }, { 2, COA2, 20, false } });
	kernel_works();
	ba_is(BA_NO_RESOURCES, 3);
	bound(MR, "1:" COA2 " 2:" COA);
	fake_kern_fail_object(&second, 0);
	BU(.seq = 4, .id = { { 1, COA, 10, false }, { 2, COA2, 20, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 4, "1:0 2:0");
	bound(MR, "1:" COA " 2:" COA2);
	/* of one that goes, and round three */
	BU(.src = COA2, .seq = 5, .flags = AHR | BU_O, .id = { { 1, COA2, 10, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 5, "1:0");
	bound(MR, "1:" COA2);
	BU(.seq = 6, .id = { { 1, COA, 10, false }, { 2, COA2, 20, false },
			     { 3, COA3, 30, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 6, "1:0 2:0 3:0");
	/* the last of them fails: what the others have by then is in each other's way, too */
	ha_tunnel_name(&(struct bc_key){ ip6(MR), 3, 0 }, third.link.name);
	fake_kern_log();
	fake_kern_fail_object(&third, -ENOMEM);
	BU(.seq = 7, .id = { { 1, COA2, 10, false }, { 2, COA3, 20, false },
			     { 3, COA, 30, false } });
	kernel_works();
	ba_is(BA_NO_RESOURCES, 7);
	log = fake_kern_log();
	for (const char *change = strstr(log, "~ link"); change; change = strstr(change + 1, "~ link"))
		changes++;
	assert_int_equal(changes, 2 + 3);	/* two had changed; all three are put right */
	bound(MR, "1:" COA " 2:" COA2 " 3:" COA3);
	fake_kern_fail_object(&third, 0);
	BU(.seq = 8, .id = { { 1, COA2, 10, false }, { 2, COA3, 20, false },
			     { 3, COA, 30, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 8, "1:0 2:0 3:0");
	bound(MR, "1:" COA2 " 2:" COA3 " 3:" COA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_device_mode_has_a_device_for_each),
		T(test_device_mode_lets_addresses_change_hands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
