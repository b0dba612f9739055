/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: who watches, who may do what, and whose socket it is. */
#include "ctl_help.h"

/* ---- monitor ---- */

static void emit_add(unsigned lifetime)
{
	struct event e = { .type = EV_bc_add, .bc_add.lifetime = lifetime };

	event_emit(&e);
}

static void hears_event(struct fix *f, int fd, const char *event, const char *key, const char *v)
{
	struct json_object *o = hear(f, fd);

	assert_non_null(o);
	assert_string_equal(text_of(o, "event"), event);
	assert_true(json_object_get_boolean(json_object_object_get(o, "continues")));
	if (key)
		assert_string_equal(text_of(o, key), v);
	json_object_put(o);
}

static void test_monitor_sends_the_state_then_sync_then_news(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fake_node_bind(1);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, fd, "node_type", "role", "ha");
	hears_event(f, fd, "bc_add", "home_address", "2001:db8:280::1:1");
	hears_event(f, fd, "sync", NULL, NULL);
	emit_add(7);
	hears_event(f, fd, "bc_add", "lifetime", "7");
	close(fd);
}

static void test_the_mobile_side_has_a_present_state_too(void **state)
{
	struct fix *f = *state;
	struct in6_addr coa = { .s6_addr = { 0x20, 1, [15] = 7 } };
	int fd;

	begin(f, mr_text);
	fake_node.bul[0].bound_coa = locator6(&coa);
	fake_node.uplink[0].attached = true;
	fake_node.prefix[0][0].status = MNP_ACCEPTED;
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, fd, "node_type", "role", "mr");
	hears_event(f, fd, "md_info", "kind", "coa");
	hears_event(f, fd, "bul_add", "home_address", "2001:db8:280::beef");
	hears_event(f, fd, "prefix_state", "up", "true");
	hears_event(f, fd, "sync", NULL, NULL);
	close(fd);
}

static void test_what_happens_while_the_state_is_sent_comes_after_sync(void **state)
{
	enum { N = 3000 };
	struct fix *f = *state;
	struct json_object *o;
	unsigned seen = 0;
	int fd;

	begin(f, ha_text);
	for (unsigned i = 1; i <= N; i++)
		fake_node_bind(i);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"bc_add\"]}}");
	for (unsigned i = 0; i < 200; i++)
		turn(f);
	assert_non_null(f->ctl->clients->list.step);
	emit_add(70001);
	turn(f);
	while ((o = hear(f, fd)) && strcmp(text_of(o, "event"), "sync") != 0) {
		assert_string_equal(text_of(o, "lifetime"), "600");
		seen++;
		json_object_put(o);
	}
	json_object_put(o);
	assert_int_equal(seen, N);
	hears_event(f, fd, "bc_add", "lifetime", "70001");
	close(fd);
}

static void test_events_can_be_chosen(void **state)
{
	struct event dad = { .type = EV_dad, .dad.device = "eth0" };
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fake_node_bind(1);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"dad\"]}}");
	hears_event(f, fd, "sync", NULL, NULL);
	emit_add(7);
	event_emit(&dad);
	hears_event(f, fd, "dad", "device", "eth0");
	close(fd);
}

static void test_a_monitor_that_does_not_read_is_dropped_and_others_are_not(void **state)
{
	struct fix *f = *state;
	int slow, good;

	begin(f, ha_text);
	slow = connect_to(f);
	good = connect_to(f);
	say(f, slow, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	say(f, good, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, good, "node_type", NULL, NULL);
	hears_event(f, good, "sync", NULL, NULL);
	log_init(0);				/* the drop is logged; not here */
	for (unsigned i = 0; f->ctl->n_client == 2 && i < 60000; i++) {
		emit_add(i);
		hears_event(f, good, "bc_add", NULL, NULL);
		assert_true(f->ctl->clients->out.cap <= 2 * CTL_OUT_MAX);
	}
	assert_int_equal(f->ctl->n_client, 1);
	emit_add(99999);
	hears_event(f, good, "bc_add", "lifetime", "99999");
	close(slow);
	close(good);
}

static void test_a_monitor_that_leaves_is_noticed(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, fd, "node_type", NULL, NULL);
	hears_event(f, fd, "sync", NULL, NULL);
	close(fd);
	for (unsigned i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(f->ctl->n_client, 0);
}

/* ---- rights ---- */

static void test_only_the_right_ones_may_change(void **state)
{
	static const char *const row[] = { "Refresh", "Deregister", "Flush", "FlushPeers", "Reload",
					   "ResetStats", "SetLogLevel",
					   "Inject" };
	struct fix *f = *state;
	char call[128];
	int fd;

	begin(f, mr_text);
	fake_node.answer = 1;
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = false;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.mip6d.%s\"}", row[i]);
		say(f, fd, call);
		hears(f, fd, "{\"error\":\"" S "PermissionDenied\",\"parameters\":{}}");
	}
	assert_int_equal(fake_node.refreshed + fake_node.deregistered, 0);
	f->ctl->clients->admin = true;
	log_init(LOG_LV_ERR);
	say(f, fd, "{\"method\":\"io.mip6d.Refresh\"}");
	hears(f, fd, "{\"parameters\":{\"count\":1}}");
	say(f, fd, "{\"method\":\"io.mip6d.Deregister\",\"parameters\":"
		   "{\"home_address\":\"2001:db8:280::bee0\"}}");
	hears(f, fd, "{\"error\":\"io.mip6d.NotFound\",\"parameters\":"
		     "{\"home_address\":\"2001:db8:280::bee0\"}}");
	fake_node.answer = -ENETDOWN;
	say(f, fd, "{\"method\":\"io.mip6d.Refresh\"}");
	hears(f, fd, "{\"error\":\"io.mip6d.Failed\",\"parameters\":"
		     "{\"reason\":\"Network is down\"}}");
	assert_int_equal(fake_node.refreshed, 2);
	assert_int_equal(fake_node.deregistered, 1);
	close(fd);
}

/* Connects as another user; 0 refused, 1 may look, 2 may change, 3 cannot connect. */
static int as_user(struct fix *f, uid_t uid, gid_t gid, gid_t extra)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		char b[256] = "";
		const char *call = "{\"method\":\"io.mip6d.Refresh\"}";

		if (setgroups(extra ? 1 : 0, &extra) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
			_exit(9);
		snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", f->conf->control.socket);
		if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
			_exit(3);
		if (send(fd, call, strlen(call) + 1, 0) < 0 || recv(fd, b, sizeof(b) - 1, 0) <= 0)
			_exit(0);
		_exit(strstr(b, "count") ? 2 : strstr(b, "PermissionDenied") ? 1 : 0);
	}
	for (unsigned i = 0; i < TURNS && waitpid(pid, &status, WNOHANG) == 0; i++) {
		turn(f);
		usleep(100);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_the_kernel_says_who_calls(void **state)
{
	enum { LOOK = 1, ADMIN = 2, NOBODY = 65534 };	/* Debian: daemon, bin, nogroup */
	struct fix *f = *state;
	struct stat st;

	if (geteuid() != 0)
		skip();
	f->conf = load(mr_text, f->dir);
	snprintf(f->conf->control.group, CONF_NAME, "daemon");
	snprintf(f->conf->control.admin_group, CONF_NAME, "bin");
	assert_int_equal(chmod(f->dir, 0755), 0);
	fake_node_start(f->conf);
	fake_node.answer = 1;
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, &fake_node.node), 0);
	assert_int_equal(stat(f->conf->control.socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, LOOK);
	assert_int_equal(as_user(f, 0, 0, 0), 2);
	assert_int_equal(as_user(f, NOBODY, LOOK, 0), 1);
	assert_int_equal(as_user(f, NOBODY, LOOK, ADMIN), 2);
	assert_int_equal(as_user(f, NOBODY, ADMIN, LOOK), 2);
	assert_int_equal(as_user(f, NOBODY, ADMIN, 0), 3);
	assert_int_equal(as_user(f, NOBODY, NOBODY, 0), 3);
}

static void test_without_the_group_the_socket_is_its_owners(void **state)
{
	struct fix *f = *state;
	struct stat st;

	f->conf = load(ha_text, f->dir);
	snprintf(f->conf->control.group, CONF_NAME, "no-such-group");
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), 0);
	assert_int_equal(stat(f->conf->control.socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* ---- the socket ---- */

static void test_a_second_daemon_is_recognised(void **state)
{
	struct fix *f = *state;
	struct ctl *second = NULL;
	int fd;

	begin(f, ha_text);
	log_init(0);
	assert_int_equal(ctl_open(&second, f->loop, f->conf, NULL), -EADDRINUSE);
	assert_null(second);
	log_init(LOG_LV_ERR);
	/* and the first one lives on */
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_whoever_locks_the_directory_does_not_stop_us(void **state)
{
	struct fix *f = *state;
	int fd = open(f->dir, O_RDONLY | O_DIRECTORY);

	assert_int_equal(flock(fd, LOCK_EX), 0);
	f->conf = load(ha_text, f->dir);
	log_init(0);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), 0);
	close(fd);
}

static void test_the_socket_of_a_dead_daemon_is_replaced(void **state)
{
	struct fix *f = *state;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", f->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd);
	begin(f, ha_text);
	close(connect_to(f));
}

static void test_a_file_that_is_no_socket_stays(void **state)
{
	struct fix *f = *state;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/sock", f->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	f->conf = load(ha_text, f->dir);
	log_init(0);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_closing_removes_the_socket_but_not_anothers(void **state)
{
	struct fix *f = *state;
	struct ctl *second = NULL;

	begin(f, ha_text);
	ctl_close(f->ctl);
	f->ctl = NULL;
	assert_int_equal(access(f->conf->control.socket, F_OK), -1);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), 0);
	assert_int_equal(unlink(f->conf->control.socket), 0);
	assert_int_equal(ctl_open(&second, f->loop, f->conf, NULL), 0);
	ctl_close(f->ctl);
	f->ctl = second;
	assert_int_equal(access(f->conf->control.socket, F_OK), 0);
}

static void test_clients_are_limited(void **state)
{
	struct fix *f = *state;
	int fd[3];

	begin(f, ha_text);
	f->conf->control.max_clients = 2;
	log_init(0);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = connect_to(f);
		turn(f);
	}
	assert_int_equal(f->ctl->n_client, 2);
	hears_end(f, fd[2]);
	say(f, fd[1], "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	hears(f, fd[1], "{\"parameters\":{}}");
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_monitor_sends_the_state_then_sync_then_news),
		T(test_the_mobile_side_has_a_present_state_too),
		T(test_what_happens_while_the_state_is_sent_comes_after_sync),
		T(test_events_can_be_chosen),
		T(test_a_monitor_that_does_not_read_is_dropped_and_others_are_not),
		T(test_a_monitor_that_leaves_is_noticed),
		T(test_only_the_right_ones_may_change),
		T(test_the_kernel_says_who_calls),
		T(test_without_the_group_the_socket_is_its_owners),
		T(test_a_second_daemon_is_recognised),
		T(test_whoever_locks_the_directory_does_not_stop_us),
		T(test_the_socket_of_a_dead_daemon_is_replaced),
		T(test_a_file_that_is_no_socket_stays),
		T(test_closing_removes_the_socket_but_not_anothers),
		T(test_clients_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
