/* SPDX-License-Identifier: BSD-2-Clause */
/* Several plans at once: objects that they share, and one that fails beside others. */
#include "ktest.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

struct two { unsigned done; int rc[4]; };

static struct two two;

static void one_done(void *arg, int rc)
{
	*(int *)arg = rc;
	two.done++;
}

static bool all_done(void *arg)
{
	return two.done == *(unsigned *)arg;
}

static void start(int i, const struct kplan *have, const struct kplan *want)
{
	two.rc[i] = 1;
	if (kplan_switch(t.k, have, want, one_done, &two.rc[i]) < 0)
		ok(false, "kplan_switch");
}

static void finish(unsigned n)
{
	run_until(all_done, &n, 30.);
	two.done = 0;
}

void test_sharing(void)
{
	struct kobj link = k_peer("mip1", KLINK_IP6TNL, COA1, 0);
	struct kplan a = { 0 }, b = { 0 }, bad = { 0 };
	char *before = snapshot();

	kern_begin(KERN_INGRESS_BPF);
	put(&a, link);
	put(&a, k_route("2001:db8:a1::/64", "mip1", RT_TABLE_MAIN, 1));
	put(&b, link);
	put(&b, k_route("2001:db8:b1::/64", "mip1", RT_TABLE_MAIN, 1));
	put(&bad, link);
	put(&bad, k_route("2001:db8:c1::/64", "nosuchdev", RT_TABLE_MAIN, 1));
	start(0, &none, &a);
	start(1, &none, &b);
	finish(2);
	ok(two.rc[0] == 0 && two.rc[1] == 0, "two switches at once share a tunnel");
	ok(change(&a, &none) == 0 && says("mip1", "ip -6 route show 2001:db8:b1::/64"),
	   "it stays for the other");
	ok(change(&b, &none) == 0, "the last one takes it away");
	same_snapshot(before, "nothing is left");
	start(0, &none, &bad);
	start(1, &none, &b);
	finish(2);
	ok(two.rc[0] == -ENODEV && two.rc[1] == 0 &&
	   says("mip1", "ip -6 route show 2001:db8:b1::/64"),
	   "its creator fails: the next one creates it (%d %d)", two.rc[0], two.rc[1]);
	start(0, &none, &bad);
	start(1, &b, &none);
	start(2, &none, &a);
	finish(3);
	ok(two.rc[0] == -ENODEV && two.rc[1] == 0 && two.rc[2] == 0 &&
	   says("mip1", "ip -6 route show 2001:db8:a1::/64"),
	   "given up, failed and taken in one turn (%d %d %d)", two.rc[0], two.rc[1], two.rc[2]);
	ok(change(&a, &none) == 0, "taken away");
	same_snapshot(before, "nothing is left");
	kern_end();
	kplan_free(&a);
	kplan_free(&b);
	kplan_free(&bad);
	free(before);
}
