/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl decode: messages from capture files. */
#include "mip6ctl_help.h"

#include "mip6ctl/pcap.h"
#include "wire/exthdr.h"
#include "wire/flow.h"
#include "wire/mh.h"

static size_t ipv6(uint8_t *p, uint8_t next, const char *src, const char *dst, size_t len)
{
	memset(p, 0, 40);
	p[0] = 0x60;
	p[4] = (uint8_t)(len >> 8);
	p[5] = (uint8_t)len;
	p[6] = next;
	p[7] = 64;
	assert_int_equal(inet_pton(AF_INET6, src, p + 8), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, p + 24), 1);
	return 40;
}

/* A home registration: IPv6, Home Address option, Binding Update. */
static size_t registration(uint8_t *p)
{
	struct mh_msg m = { .type = MH_BU, .bu = { .seq = 4711, .lifetime = 600,
						  .flags = BU_A | BU_H | BU_R } };
	struct in6_addr hoa;
	uint8_t mh[256];
	ssize_t n;

	m.opt.n_mnp = 1;
	m.opt.seen = BIT64(MHOPT_MNP);
	assert_int_equal(prefix_parse("2001:db8:281::/64", &m.opt.mnp[0]), 0);
	n = mh_build(&m, NULL, mh, sizeof(mh), NULL);
	assert_true(n > 0);
	ipv6(p, 60, "2001:db8:f1::2", "2001:db8:280::1", HAO_HDR_LEN + (size_t)n);
	inet_pton(AF_INET6, "2001:db8:280::beef", &hoa);
	hao_build(&hoa, p + 40);
	p[40] = IPPROTO_MH_;
	memcpy(p + 40 + HAO_HDR_LEN, mh, (size_t)n);
	return 40 + HAO_HDR_LEN + (size_t)n;
}

/* A capture file of this one message; its path. */
static void capture_of(const struct mh_msg *m, char *path, size_t size)
{
	static uint8_t packet[512];
	ssize_t n = mh_build(m, NULL, packet + 40, sizeof(packet) - 40, NULL);
	FILE *f;

	assert_true(n > 0);
	ipv6(packet, IPPROTO_MH_, "2001:db8:f1::2", "2001:db8:280::1", (size_t)n);
	snprintf(path, size, "%s/one.pcap", dir);
	f = fopen(path, "w");
	assert_int_equal(pcap_begin(f), 0);
	assert_int_equal(pcap_put(f, 1000, 0, 3, 0x86dd, 4, packet, 40 + (size_t)n), 0);
	assert_int_equal(fclose(f), 0);
}

/* Whoever sends a packet does not write on the terminal of who looks at it. */
static void test_a_name_in_a_packet_is_no_command_to_the_terminal(void **state)
{
	static const uint8_t bad[] = "a\033[2J\n\\\xff@b";
	struct mh_msg m = { .type = MH_BU, .bu = { .seq = 1, .flags = BU_A } };
	char path[64], args[128];
	struct json_object *o;

	(void)state;
	m.opt.seen = BIT64(MHOPT_MN_ID);
	m.opt.mn_id_subtype = 1;
	m.opt.mn_id.p = bad;
	m.opt.mn_id.len = sizeof(bad) - 1;
	capture_of(&m, path, sizeof(path));
	snprintf(args, sizeof(args), "decode %s", path);
	shows("none", args, 0, " nai a\\x1b[2J\\x0a\\x5c\\xff@b\n");
	assert_int_equal(lines("\n"), 1);
	snprintf(args, sizeof(args), "-j decode %s", path);
	o = json("none", args);
	assert_string_equal(json_object_get_string(json_object_object_get(
		json_object_array_get_idx(o, 0), "nai")), "a\\x1b[2J\\x0a\\x5c\\xff@b");
	json_object_put(o);
	unlink(path);
}

/* RFC 6089: two flows, one of them with a selector of a kind that nobody knows, and a summary. */
static void test_flow_bindings_are_decoded(void **state)
{
	static const uint8_t good[] = { 3, 8, 2, 0, 0, 0x0a, 0, 0, 0xb8, 17, 2, 4, 0, 1, 0,
					3 };
	static const uint8_t bad[] = { 3, 2, 9, 0 }, fids[] = { 0, 2, 0, 5 };
	struct mh_msg m = { .type = MH_BU, .bu = { .seq = 1, .flags = BU_A } };
	char path[64], args[128];
	struct json_object *o;

	(void)state;
	m.opt.n_flow = 2;
	m.opt.flow[0] = (struct mhopt_flow){ 4, 10, 0, { good, sizeof(good) } };
	m.opt.flow[1] = (struct mhopt_flow){ 6, 11, 133, { bad, sizeof(bad) } };
	m.opt.n_flow_summary = 1;
	m.opt.flow_summary[0] = (struct mhopt_bytes){ fids, sizeof(fids) };
	capture_of(&m, path, sizeof(path));
	snprintf(args, sizeof(args), "decode %s", path);
	shows("none", args, 0, " flow_summary 2,5 flow 4 priority 10 [ipv6 proto 17 dscp 46] bids 1,3"
	      " flow 6 priority 11 status 133 (traffic selector format not supported)\n");
	snprintf(args, sizeof(args), "-j decode %s", path);
	o = json("none", args);
	assert_string_equal(json_object_get_string(json_object_object_get(
		json_object_array_get_idx(o, 0), "flows")),
		"[ { \"fid\": 4, \"priority\": 10, \"status\": 0, \"bids\": [ 1, 3 ], "
		"\"selector\": \"ipv6 proto 17 dscp 46\", \"malformed\": null }, "
		"{ \"fid\": 6, \"priority\": 11, \"status\": 133, \"bids\": [ ], "
		"\"selector\": null, \"malformed\": \"traffic selector format not supported\" } ]");
	json_object_put(o);
	unlink(path);
}

static void test_a_capture_file_is_decoded(void **state)
{
	static uint8_t packet[2048], outer[2048];
	char path[64], args[128];
	struct json_object *o;
	size_t n, m;
	FILE *f;

	(void)state;
	n = registration(packet);
	m = ipv6(outer, 41, "2001:db8:f1::2", "2001:db8:280::1", n);
	memcpy(outer + m, packet, n);
	snprintf(path, sizeof(path), "%s/a.pcap", dir);
	f = fopen(path, "w");
	assert_int_equal(pcap_begin(f), 0);
	assert_int_equal(pcap_put(f, 1000, 5000000, 3, 0x86dd, 4, packet, n), 0);
	assert_int_equal(pcap_put(f, 1001, 0, 3, 0x0800, 4, packet, n), 0);	/* not IPv6 */
	assert_int_equal(pcap_put(f, 1002, 0, 3, 0x86dd, 4, packet, n - 8), 0);	/* cut off */
	assert_int_equal(pcap_put(f, 1003, 0, 3, 0x86dd, 0, outer, m + n), 0);
	packet[40] = 17;						/* UDP */
	assert_int_equal(pcap_put(f, 1004, 0, 3, 0x86dd, 0, packet, n), 0);
	assert_int_equal(fclose(f), 0);
	snprintf(args, sizeof(args), "decode %s", path);
	shows("none", args, 0, "00:16:40.005 2001:db8:f1::2 > 2001:db8:280::1 BU home_address "
	      "2001:db8:280::beef sequence 4711 lifetime 600 flags AHR prefixes "
	      "2001:db8:281::/64\n");
	assert_int_equal(lines("\n"), 3);
	assert_int_equal(lines("malformed cut off"), 1);
	assert_int_equal(lines("(in a tunnel 2001:db8:f1::2 > 2001:db8:280::1)"), 1);
	snprintf(args, sizeof(args), "-n 1 decode %s", path);
	assert_int_equal(run("none", args), 0);
	assert_int_equal(lines("\n"), 1);
	snprintf(args, sizeof(args), "-j decode - <%s", path);
	o = json("none", args);
	assert_int_equal(json_object_array_length(o), 3);
	json_object_put(o);
	snprintf(args, sizeof(args), "decode %s/b.pcap", dir);
	shows("none", args, 4, "No such file");
	/* the end is missing */
	assert_int_equal(truncate(path, 500), 0);
	snprintf(args, sizeof(args), "decode %s", path);
	shows("none", args, 4, "cut off");
	unlink(path);
}

/* ICMPv6 errors, also those that come by the tunnel or quote a packet in one. */
static void test_what_an_error_quotes_is_decoded(void **state)
{
	static uint8_t packet[2048], error[2048], outer[2048];
	char path[64], args[128];
	struct json_object *o, *e;
	size_t n, m;
	FILE *f;

	(void)state;
	n = registration(packet);
	m = ipv6(error, 58, "2001:db8:280::1", "2001:db8:f1::2", 8 + n);
	error[m] = 4;
	error[m + 1] = 1;
	memcpy(error + m + 8, packet, n);
	snprintf(path, sizeof(path), "%s/e.pcap", dir);
	f = fopen(path, "w");
	assert_int_equal(pcap_begin(f), 0);
	assert_int_equal(pcap_put(f, 1000, 0, 3, 0x86dd, 4, error, m + 8 + n), 0);
	error[m] = 128;				/* an echo request that looks like it */
	assert_int_equal(pcap_put(f, 1001, 0, 3, 0x86dd, 4, error, m + 8 + n), 0);
	error[m] = 1;
	error[m + 1] = 9;
	ipv6(outer, 41, "2001:db8:cc::1", "2001:db8:f1::2", m + 8 + n);
	memcpy(outer + 40, error, m + 8 + n);
	assert_int_equal(pcap_put(f, 1002, 0, 3, 0x86dd, 4, outer, 40 + m + 8 + n), 0);
	/* the message is not all there; of the packet not even its header */
	assert_int_equal(pcap_put(f, 1003, 0, 3, 0x86dd, 4, error, m + 8 + n - 9), 0);
	assert_int_equal(pcap_put(f, 1004, 0, 3, 0x86dd, 4, error, m + 8 + 39), 0);
	assert_int_equal(pcap_put(f, 1005, 0, 3, 0x86dd, 4, error, m + 8), 0);
	assert_int_equal(fclose(f), 0);
	snprintf(args, sizeof(args), "decode %s", path);
	shows("none", args, 0, " BU home_address 2001:db8:280::beef sequence 4711 lifetime 600 "
	      "flags AHR prefixes 2001:db8:281::/64 (ICMPv6 error from 2001:db8:280::1: unrecognized "
	      "next header)\n");
	assert_int_equal(lines("\n"), 3);
	assert_int_equal(lines("(in a tunnel 2001:db8:cc::1 > 2001:db8:f1::2) (ICMPv6 error"), 1);
	assert_int_equal(lines("malformed cut off"), 1);
	snprintf(args, sizeof(args), "-j decode %s", path);
	o = json("none", args);
	e = json_object_object_get(json_object_array_get_idx(o, 1), "icmp_error");
	assert_string_equal(json_object_get_string(e),
			    "{ \"src\": \"2001:db8:280::1\", \"dst\": \"2001:db8:f1::2\", "
			    "\"type\": 1, \"code\": 9, \"meaning\": \"unknown\" }");
	json_object_put(o);
	unlink(path);
}

/* ---- pcapng ---- */

static bool other_order;

static size_t u16(uint8_t *p, size_t at, uint16_t v)
{
	p[at + other_order] = (uint8_t)v;
	p[at + !other_order] = (uint8_t)(v >> 8);
	return at + 2;
}

static size_t u32(uint8_t *p, size_t at, uint32_t v)
{
	u16(p, at + (other_order ? 2 : 0), (uint16_t)v);
	u16(p, at + (other_order ? 0 : 2), (uint16_t)(v >> 16));
	return at + 4;
}

/* A block around n octets, which are filled up to a multiple of four. */
static void block(FILE *f, uint32_t type, const uint8_t *body, size_t n)
{
	static const uint8_t none[4];
	const size_t fill = -n & 3;
	uint8_t b[8];

	u32(b, 0, type);
	u32(b, 4, (uint32_t)(12 + n + fill));
	assert_int_equal(fwrite(b, 1, 8, f), 8);
	assert_int_equal(fwrite(body, 1, n, f), n);
	assert_int_equal(fwrite(none, 1, fill, f), fill);
	assert_int_equal(fwrite(b + 4, 1, 4, f), 4);
}

static void section(FILE *f)
{
	uint8_t b[24];
	size_t n = u32(b, 0, 0x1a2b3c4d);

	n = u16(b, n, 1);
	n = u16(b, n, 0);
	memset(b + n, 0xff, 8);			/* its length is not known */
	n += 8;
	/* an option: a comment of five octets */
	n = u16(b, n, 0);
	n = u16(b, n, 0);
	block(f, 0x0a0d0d0a, b, n);
}

static void interface(FILE *f, uint16_t link, int resolution, uint32_t offset)
{
	uint8_t b[64] = { 0 };
	size_t n = u16(b, 0, link);

	n = u32(b, n + 2, 0);
	n = u16(b, n, 2);			/* its name, of three octets */
	n = u16(b, n, 3);
	memcpy(b + n, "eth", 3);
	n += 4;
	if (resolution >= 0) {
		n = u16(b, n, 9);
		n = u16(b, n, 1);
		b[n] = (uint8_t)resolution;
		n = u16(b, n + 4, 14);
		n = u16(b, n, 8);
		u32(b, n + (other_order ? 4 : 0), offset);
		n += 8;
		n = u32(b, n, 0);		/* end of options */
	}
	block(f, 1, b, n);
}

static void enhanced(FILE *f, uint32_t link, uint64_t ticks, const uint8_t *p, size_t kept)
{
	static uint8_t b[4096];
	size_t n = u32(b, 0, link);

	n = u32(b, n, (uint32_t)(ticks >> 32));
	n = u32(b, n, (uint32_t)ticks);
	n = u32(b, n, (uint32_t)kept);
	n = u32(b, n, (uint32_t)kept + 100);
	memcpy(b + n, p, kept);
	block(f, 6, b, n + kept);
}

static void simple(FILE *f, uint32_t len, const uint8_t *p, size_t kept)
{
	static uint8_t b[4096];
	size_t n = u32(b, 0, len);

	memcpy(b + n, p, kept);
	block(f, 3, b, n + kept);
}

/* Two sections, the second in the other order. In all four messages. */
static void write_pcapng(const char *path)
{
	static uint8_t packet[2048], frame[2062] = { [12] = 0x86, 0xdd };
	static const uint8_t junk[40];
	size_t n = registration(packet);
	FILE *f = fopen(path, "w");

	memcpy(frame + 14, packet, n);
	other_order = false;
	section(f);
	interface(f, 1, -1, 0);			/* Ethernet, microseconds */
	interface(f, 101, 9, 500);		/* raw, nanoseconds, from 500 on */
	interface(f, 147, -1, 0);		/* somebody's own */
	block(f, 4, junk, sizeof(junk));	/* names */
	enhanced(f, 0, 1000005000, frame, 14 + n);
	enhanced(f, 1, 500006000000, packet, n);
	enhanced(f, 2, 0, packet, n);
	other_order = true;
	section(f);
	interface(f, 229, 0x8a, 0);		/* IPv6, 1/1024 s */
	enhanced(f, 0, 1000 * 1024 + 512, packet, n);
	simple(f, 9000, packet, n);
	other_order = false;
	assert_int_equal(fclose(f), 0);
}

static void test_a_pcapng_file_is_decoded(void **state)
{
	char path[64], args[128];
	long size;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/a.pcapng", dir);
	write_pcapng(path);
	snprintf(args, sizeof(args), "decode - <%s", path);
	assert_int_equal(run("none", args), 0);
	assert_int_equal(lines(" BU home_address 2001:db8:280::beef sequence 4711 "), 4);
	assert_int_equal(lines("\n"), 4);
	assert_int_equal(lines("00:16:40.005 2001"), 1);
	assert_int_equal(lines("00:16:40.006 2001"), 1);
	assert_int_equal(lines("00:16:40.500 2001"), 1);
	assert_int_equal(lines("00:00:00.000 2001"), 1);
	other_order = true;
	f = fopen(path, "w");
	section(f);
	interface(f, 147, -1, 0);
	fclose(f);
	shows("none", args, 4, "a kind of link that is not read here");
	write_pcapng(path);
	/* wherever it is cut off, that is said, and nothing else happens */
	f = fopen(path, "r");
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	fclose(f);
	for (long n = size - 1; n > 0; n -= 97) {
		int rc;

		assert_int_equal(truncate(path, n), 0);
		rc = run("none", args);
		/* or it ends with a block */
		assert_true(rc == 0 || (rc == 4 && lines("cut off") == 1));
		assert_true(lines(" BU home_address") < 4);
	}
	unlink(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_in_a_packet_is_no_command_to_the_terminal),
		cmocka_unit_test(test_flow_bindings_are_decoded),
		cmocka_unit_test(test_a_capture_file_is_decoded),
		cmocka_unit_test(test_what_an_error_quotes_is_decoded),
		cmocka_unit_test(test_a_pcapng_file_is_decoded),
	};

	if (find_program(argc, argv) < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
