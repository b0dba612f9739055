/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a listing of many bindings costs the daemon's memory: the real control socket and a real
 * binding cache in a process of their own; here readers of three kinds.
 *
 *   bench_ctl    prints one JSON object: resident kB of the store, and how much more there was
 *                while a reader that takes all at once, one that takes its time, and one that
 *                stops in the middle were served. Compare within one run only.
 */
#include <signal.h>
#include <sys/prctl.h>

#include "ctl_help.h"

#define BINDINGS	100000
#define SLOW_CHUNK	16384
#define SLOW_PAUSE	500		/* microseconds between the reads of the slow one */
#define LIST		"{\"method\":\"io.mip6d.ListBindings\",\"more\":true}"

static void die(const char *what)
{
	fprintf(stderr, "bench_ctl: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long resident_kb(pid_t pid)
{
	char path[64];
	long all, rss;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%ld %ld", &all, &rss) != 2)
		die(path);
	fclose(f);
	return rss * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Says its size before and with the bindings by `out`, and serves until it is killed. */
static void serve(struct fix *f, int out)
{
	long kb[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	f->loop = ev_loop_new(EVFLAG_AUTO);
	log_init(LOG_LV_ERR);
	begin(f, ha_text);
	kb[0] = resident_kb(getpid());
	for (unsigned i = 1; i <= BINDINGS; i++)
		fake_node_bind(i);
	kb[1] = resident_kb(getpid());
	if (write(out, kb, sizeof(kb)) != sizeof(kb))
		_exit(1);
	ev_run(f->loop, 0);
	_exit(0);
}

static int ask(const char *dir)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", dir);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    send(fd, LIST, sizeof(LIST), 0) != sizeof(LIST))
		die(sa.sun_path);
	return fd;
}

/* Reads one listing; the most that the server was meanwhile, kB. */
static long read_all(const char *dir, pid_t pid, size_t chunk, useconds_t pause)
{
	static char buf[1 << 17];
	size_t records = 0;
	long most = 0;
	int fd = ask(dir);

	for (unsigned i = 0; records <= BINDINGS; i++) {
		ssize_t n = recv(fd, buf, chunk, 0);

		if (n <= 0)
			die("recv");
		for (ssize_t k = 0; k < n; k++)
			records += !buf[k];
		if (i % 64 == 0)
			most = MAX(most, resident_kb(pid));
		if (pause)
			usleep(pause);
	}
	close(fd);
	return MAX(most, resident_kb(pid));
}

int main(void)
{
	struct fix f = { .dir = "/tmp/mip6d-bench.XXXXXX" };
	long kb[2], fast, slow, stopped, stuck[8];
	char path[96];
	int said[2];
	pid_t pid;

	if (!mkdtemp(f.dir) || pipe(said) < 0)
		die("setup");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		serve(&f, said[1]);
	if (read(said[0], kb, sizeof(kb)) != sizeof(kb))
		die("server");
	fast = read_all(f.dir, pid, 1 << 17, 0);
	slow = read_all(f.dir, pid, SLOW_CHUNK, SLOW_PAUSE);
	for (size_t i = 0; i < ARRAY_SIZE(stuck); i++)
		stuck[i] = ask(f.dir);
	stopped = read_all(f.dir, pid, 1 << 17, 0);
	for (size_t i = 0; i < ARRAY_SIZE(stuck); i++)
		close((int)stuck[i]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(path, sizeof(path), "%s/sock", f.dir);
	unlink(path);
	rmdir(f.dir);
	printf("{\"bindings\": %d, \"store_kb\": %ld, \"growth_kb\": {\"fast\": %ld, "
	       "\"slow\": %ld, \"fast_beside_8_that_do_not_read\": %ld}}\n", BINDINGS,
	       kb[1] - kb[0], fast - kb[1], slow - kb[1], stopped - kb[1]);
	return 0;
}
