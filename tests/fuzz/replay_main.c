/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/replay_main.c - runs a fuzz target over the files of its corpus as
 * an ordinary test: replay DIRECTORY... An empty corpus is a failure; so is a
 * file that cannot be read. Each input sits in memory of its own size, so that
 * the address sanitizer sees a read beyond its end.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *data;
	size_t n;
	int rc = -EIO;

	if (!f)
		return -errno;
	if (fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode)) {
		fclose(f);
		return -EINVAL;
	}
	n = (size_t)st.st_size;
	data = malloc(n ? n : 1);
	if (data && fread(data, 1, n, f) == n)
		rc = LLVMFuzzerTestOneInput(data, n);
	free(data);
	fclose(f);
	return rc;
}

/* The number of files, or -errno. */
static int replay_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[4096];
	int rc = 0, n = 0;

	if (!d)
		return -errno;
	while (!rc && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		rc = replay_file(path);
		n++;
	}
	closedir(d);
	return rc ? rc : n;
}

int main(int argc, char **argv)
{
	int bad = argc < 2;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		int n = replay_dir(argv[i]);

		if (n > 0) {
			printf("ok %d - %s: %d files\n", i, argv[i], n);
			continue;
		}
		printf("not ok %d - %s: %s\n", i, argv[i], n ? strerror(-n) : "no files");
		bad = 1;
	}
	return bad;
}
