/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at this host: files, devices, addresses, processes, programs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/conf.h"
#include "mip6ctl/cmd.h"
#include "mip6ctl/doctor.h"

#define PATH_LEN	512
#define FILE_MAX	(1 << 20)
#define OUTPUT_MAX	(16 << 20)
#define PROGRAM_LIMIT	10.		/* seconds */

static void *grown(void *p, size_t n, size_t size)
{
	void *more = reallocarray(p, n + 1, size);

	if (!more) {
		fputs("mip6ctl: no memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	memset((char *)more + n * size, 0, size);
	return more;
}

/* ---- files ---- */

static char *read_all(int fd, size_t max, double end)
{
	size_t n = 0, cap = 4096;
	char *text = malloc(cap);

	while (text && n < max) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (n + 1 == cap) {
			char *more = realloc(text, cap *= 2);

			if (!more)
				break;
			text = more;
		}
		if (end > 0 && poll(&p, 1, (int)MAX((end - cmd_clock()) * 1000, 0)) == 0) {
			errno = ETIMEDOUT;
			free(text);
			return NULL;
		}
		got = read(fd, text + n, cap - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	if (text)
		text[n] = '\0';
	return text;
}

static char *file_at(const struct doc *d, const char *fmt, va_list ap)
{
	char path[PATH_LEN];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", d->root);
	char *text;
	int fd, saved;

	if (n >= sizeof(path) ||
	    (size_t)vsnprintf(path + n, sizeof(path) - n, fmt, ap) >= sizeof(path) - n) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = read_all(fd, FILE_MAX, 0);
	saved = errno;
	close(fd);
	errno = saved;
	return text;
}

char *doc_file(const struct doc *d, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = file_at(d, fmt, ap);
	va_end(ap);
	return text;
}

long doc_number(const struct doc *d, const char *fmt, ...)
{
	va_list ap;
	char *text;
	long v;

	va_start(ap, fmt);
	text = file_at(d, fmt, ap);
	va_end(ap);
	v = text ? strtol(text, NULL, 10) : -1;
	free(text);
	return v;
}

bool doc_exists(const struct doc *d, const char *fmt, ...)
{
	char path[PATH_LEN];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", d->root);
	va_list ap;

	if (n >= sizeof(path))
		return false;
	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - n, fmt, ap);
	va_end(ap);
	return access(path, F_OK) == 0;
}

/* ---- devices and addresses ---- */

static void add_link(struct doc *d, int fd, const struct if_nameindex *i)
{
	struct ifreq r = { 0 };
	struct doc_link *l;

	d->link = grown(d->link, d->n_link, sizeof(*d->link));
	l = &d->link[d->n_link++];
	snprintf(l->name, sizeof(l->name), "%s", i->if_name);
	l->ifindex = i->if_index;
	memcpy(r.ifr_name, l->name, sizeof(l->name));
	if (ioctl(fd, SIOCGIFMTU, &r) == 0)
		l->mtu = (unsigned)r.ifr_mtu;
	if (ioctl(fd, SIOCGIFFLAGS, &r) == 0)
		l->up = r.ifr_flags & IFF_UP;
}

static struct doc_addr *add_addr(struct doc *d, const char *dev)
{
	struct doc_addr *a;

	d->addr = grown(d->addr, d->n_addr, sizeof(*d->addr));
	a = &d->addr[d->n_addr++];
	snprintf(a->dev, sizeof(a->dev), "%.15s", dev);
	return a;
}

/* "20010db8... 02 40 00 80 eth0": the only place that tells flags without netlink. */
static void addresses6(struct doc *d)
{
	char *text = doc_file(d, "/proc/net/if_inet6"), *save = NULL;

	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save)) {
		unsigned plen, flags, byte;
		char hex[33], dev[IFNAMSIZ];
		struct in6_addr a;
		struct doc_addr *new;

		if (sscanf(l, "%32s %*x %x %*x %x %15s", hex, &plen, &flags, dev) != 4)
			continue;
		for (unsigned i = 0; i < 16; i++) {
			sscanf(hex + 2 * i, "%2x", &byte);
			a.s6_addr[i] = (uint8_t)byte;
		}
		new = add_addr(d, dev);
		new->a = prefix6(&a, (uint8_t)plen);
		new->flags = flags;
	}
	free(text);
}

static void addresses4(struct doc *d)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct sockaddr_in sa;

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&sa, i->ifa_addr, sizeof(sa));
		add_addr(d, i->ifa_name)->a = prefix4(sa.sin_addr, 32);
	}
	freeifaddrs(all);
}

void doc_gather(struct doc *d)
{
	struct if_nameindex *all = if_nameindex();
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (const struct if_nameindex *i = all; i && i->if_index; i++)
		add_link(d, fd, i);
	if (all)
		if_freenameindex(all);
	if (fd >= 0)
		close(fd);
	addresses6(d);
	addresses4(d);
}

const struct doc_link *doc_link(const struct doc *d, const char *dev)
{
	for (size_t i = 0; i < d->n_link; i++) {
		if (strcmp(d->link[i].name, dev) == 0)
			return &d->link[i];
	}
	return NULL;
}

/* ---- the daemon's file and socket ---- */

/* Its words are apart by NUL. */
static void file_in(const char *words, size_t n, char path[static PATH_MAX])
{
	for (const char *w = words; w < words + n; w += strlen(w) + 1) {
		const char *next = w + strlen(w) + 1;

		if (strcmp(w, "-c") == 0 || strcmp(w, "--config") == 0)
			snprintf(path, PATH_MAX, "%s", next);
		else if (strncmp(w, "--config=", 9) == 0)
			snprintf(path, PATH_MAX, "%s", w + 9);
	}
}

bool doc_config_file(const struct doc *d, char path[static PATH_MAX])
{
	char name[PATH_LEN], words[4096], given[PATH_MAX];
	FILE *f;
	size_t n;

	snprintf(path, PATH_MAX, CONF_PATH);
	snprintf(name, sizeof(name), "%s/proc/%d/cmdline", d->root, (int)d->pid);
	f = d->pid ? fopen(name, "re") : NULL;
	if (!f)
		return true;
	n = fread(words, 1, sizeof(words) - 2, f);
	words[n] = words[n + 1] = '\0';
	fclose(f);
	file_in(words, n, path);
	if (*path == '/')
		return true;
	snprintf(given, sizeof(given), "%s", path);
	if (snprintf(path, PATH_MAX, "%s/proc/%d/cwd/%s", d->root, (int)d->pid, given) < PATH_MAX &&
	    access(path, F_OK) == 0)
		return true;
	snprintf(path, PATH_MAX, "%s", given);
	return false;
}

int doc_try_socket(const char *path, pid_t *pid)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	/* a daemon that hangs accepts nobody: connect() would wait for it */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc = 0;
	struct ucred cred = { 0 };
	socklen_t n = sizeof(cred);

	if (fd < 0)
		return errno;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		rc = errno;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0)
		*pid = cred.pid;
	close(fd);
	return rc;
}

/* ---- programs and processes ---- */

static void become(const char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	setenv("LC_ALL", "C", 1);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

char *doc_run(const char *const *argv)
{
	int fd[2], status = 0;
	char *text = NULL;
	pid_t pid;

	if (access(argv[0], X_OK) < 0 || pipe2(fd, O_CLOEXEC) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		become(argv, fd[1]);
	close(fd[1]);
	if (pid > 0)
		text = read_all(fd[0], OUTPUT_MAX, cmd_clock() + PROGRAM_LIMIT);
	close(fd[0]);
	if (pid < 0)
		return NULL;
	if (!text)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return text;
	free(text);
	errno = EIO;
	return NULL;
}

const char *doc_process_name(const struct doc *d, pid_t pid, char buf[static 64])
{
	char *text = doc_file(d, "/proc/%d/comm", (int)pid);

	snprintf(buf, 64, "%s", text ? text : "?");
	buf[strcspn(buf, "\n")] = '\0';
	free(text);
	return buf;
}

/* In our network namespace, or nobody knows. */
static bool is_here(const struct doc *d, pid_t pid)
{
	char path[PATH_LEN];
	struct stat own, other;

	snprintf(path, sizeof(path), "%s/proc/%d/ns/net", d->root, (int)pid);
	return stat("/proc/self/ns/net", &own) < 0 || stat(path, &other) < 0 ||
	       own.st_ino == other.st_ino;
}

pid_t doc_process(const struct doc *d, const char *name)
{
	char path[PATH_LEN], comm[64];
	struct dirent *e;
	pid_t found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc", d->root);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid > 0 && strcmp(doc_process_name(d, pid, comm), name) == 0 && is_here(d, pid))
			found = pid;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* ---- the configuration ---- */

struct json_object *doc_list(const struct doc *d, const char *key)
{
	static struct json_object *none;
	struct json_object *a = d->conf ? json_object_object_get(d->conf, key) : NULL;

	if (json_object_is_type(a, json_type_array))
		return a;
	if (!none)
		none = json_object_new_array();
	return none;
}

static bool some_ipv4(struct json_object *a)
{
	struct json_object *v;

	DOC_EACH(i, v, a) {
		const char *s = json_object_is_type(v, json_type_object) ? fmt_str(v, "prefix")
				: json_object_get_string(v);

		if (s && strchr(s, '.') && !strchr(s, ':'))
			return true;
	}
	return false;
}

bool doc_uses_ipv4(const struct doc *d)
{
	static const char *const list[] = { "homes", "mobile_nodes" };
	struct json_object *o;

	for (size_t k = 0; k < ARRAY_SIZE(list); k++) {
		DOC_EACH(i, o, doc_list(d, list[k])) {
			if (fmt_has(o, "prefixes") && some_ipv4(fmt_get(o, "prefixes")))
				return true;
		}
	}
	return false;
}
