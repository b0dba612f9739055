/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One table, four views: what mip6ctl -h says, what the completion of bash and zsh offers, and
 * what mip6ctl(8) explains are the commands of the table and nothing else.
 * "test_mip6ctl_table --print" writes the lines that the page must have.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf_help.h"
#include "mip6ctl/cmd.h"

#define OUT_MAX		65536
#define WORDS		128
#define LEN		256

static char program[512], out[OUT_MAX];

static void run(const char *fmt, ...) PRINTF(1, 2);
static void run(const char *fmt, ...)
{
	char cmd[2048];
	va_list ap;
	FILE *p;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	p = popen(cmd, "r");
	assert_non_null(p);
	out[fread(out, 1, sizeof(out) - 1, p)] = '\0';
	pclose(p);
}

/* ---- sets of words ---- */

struct set { char word[WORDS][LEN]; size_t n; };

static void put(struct set *s, const char *word, size_t len)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strlen(s->word[i]) == len && strncmp(s->word[i], word, len) == 0)
			return;
	}
	assert_true(s->n < WORDS && len < LEN);
	memcpy(s->word[s->n], word, len);
	s->word[s->n++][len] = '\0';
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void from_lines(struct set *s)
{
	*s = (struct set){ .n = 0 };
	for (const char *p = out; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strcspn(p, "\n\t");

		while (n && p[n - 1] == ' ')
			n--;
		if (n)
			put(s, p, n);
	}
}

static void same(struct set *is, struct set *wanted, const char *what)
{
	qsort(is->word, is->n, LEN, by_text);
	qsort(wanted->word, wanted->n, LEN, by_text);
	for (size_t i = 0; i < MAX(is->n, wanted->n); i++) {
		const char *a = i < is->n ? is->word[i] : "nothing";
		const char *b = i < wanted->n ? wanted->word[i] : "nothing";

		if (strcmp(a, b) != 0)
			fail_msg("%s: offers %s where the table has %s", what, a, b);
	}
}

/* ---- what the table has ---- */

static bool first_row(size_t i)
{
	return !i || strcmp(cmd_table[i].name, cmd_table[i - 1].name) != 0;
}

static void names_of_table(struct set *s)
{
	*s = (struct set){ .n = 0 };
	for (size_t i = 0; i < cmd_count; i++)
		put(s, cmd_table[i].name, strlen(cmd_table[i].name));
}

static void subs_of_table(struct set *s, const char *name)
{
	*s = (struct set){ .n = 0 };
	for (size_t i = 0; i < cmd_count; i++) {
		if (strcmp(cmd_table[i].name, name) == 0 && cmd_table[i].sub)
			put(s, cmd_table[i].sub, strlen(cmd_table[i].sub));
	}
}

/* Those that make a difference to it, and those that all take. */
static void options_of_table(struct set *s, const struct command *c)
{
	char text[LEN];

	*s = (struct set){ .n = 0 };
	for (size_t i = 0; i < cmd_opts; i++) {
		if (c && !strchr("cSVht", cmd_opt[i].c) && !strchr(c->opts, cmd_opt[i].c))
			continue;
		snprintf(text, sizeof(text), "-%c", cmd_opt[i].c);
		put(s, text, 2);
		snprintf(text, sizeof(text), "--%s", cmd_opt[i].name);
		put(s, text, strlen(text));
	}
}

/* ---- the shells ---- */

/* What a shell would show for a line with the cursor at its end. */
static void in_bash(struct set *s, const char *line)
{
	char script[512];

	source_path("completion", "mip6ctl.bash", script, sizeof(script));
	run("bash --norc -c 'compopt() { :; }; . %s; COMP_LINE=\"%s %s\"; "
	    "COMP_POINT=${#COMP_LINE}; _mip6ctl; printf \"%%s\\n\" \"${COMPREPLY[@]}\"'",
	    script, program, line);
	from_lines(s);
}

/* compadd is what takes the words; here it prints them. Quoted words are the line's. */
static void in_zsh(struct set *s, const char *line)
{
	char script[512];

	source_path("completion", "_mip6ctl", script, sizeof(script));
	run("zsh -f -c 'compadd() { print -rl -- ${(P)5}; }; _files() { print :file; }; "
	    "words=(%s %s); CURRENT=$#words; f() { . %s; }; f'", program, line, script);
	from_lines(s);
}

static bool have(const char *shell)
{
	run("command -v %s", shell);
	return *out;
}

/* all: also the options of each row; each line is a shell's start. */
static void each_place_offers_the_table(void (*in)(struct set *s, const char *line),
					const char *empty, bool all)
{
	struct set is, wanted;
	char line[LEN];

	in(&is, empty);
	names_of_table(&wanted);
	same(&is, &wanted, "no word");
	in(&is, "-");
	options_of_table(&wanted, NULL);
	same(&is, &wanted, "options");
	for (size_t i = 0; i < cmd_count; i++) {
		const struct command *c = &cmd_table[i];

		snprintf(line, sizeof(line), "-S /nonexistent %s %s", c->name, empty);
		subs_of_table(&wanted, c->name);
		if (wanted.n && first_row(i)) {
			in(&is, line);
			same(&is, &wanted, c->name);
		}
		if (!all)
			continue;
		snprintf(line, sizeof(line), "%s %s -", c->name, c->sub ? c->sub : "");
		in(&is, line);
		options_of_table(&wanted, c);
		same(&is, &wanted, line);
	}
}

static void test_bash_offers_exactly_the_table(void **state)
{
	(void)state;
	if (!have("bash"))
		skip();
	each_place_offers_the_table(in_bash, "", true);
}

static void test_zsh_offers_exactly_the_table(void **state)
{
	(void)state;
	if (!have("zsh"))
		skip();
	each_place_offers_the_table(in_zsh, "\"\"", false);
}

/* ---- arguments ---- */

static void offers(const char *words, const char *wanted)
{
	run("'%s' --complete %s | cut -f1 | tr '\\n' ' '", program, words);
	assert_string_equal(out, wanted);
}

static void test_arguments_are_offered_where_they_stand(void **state)
{
	(void)state;
	offers("monitor hand", "handover handover ");	/* the group and the event */
	offers("monitor path b", "binding bc_add bc_remove bc_flush bul_add bul_remove bul_flush "
	       "be_hint ");
	offers("config ch", "check ");
	offers("config check ''", ":file ");
	offers("config check x ''", "");
	offers("-S ''", ":file ");
	offers("-jS ''", ":file ");
	offers("-n ''", "");
	offers("-n 1 mon hand", "handover handover ");
	offers("reg re", "refresh ");
	offers("nonsense ''", "");
	offers("stats ''", "show mib reset ");
	offers("stats show ''", "");
	offers("log deb", "debug ");
	offers("log mn inf", "info ");
	offers("event inject r", "rr_hint ");
	offers("event inject rr_hint p", "peer= ");
	offers("event inject rr_hint peer=x h", "home_address= ");
	offers("-w ''", ":file ");
}

/* ---- objects ---- */

#define BINDINGS	600		/* more than are offered */

static void say_bindings(int fd)
{
	char text[LEN];

	for (int i = 0; i <= BINDINGS; i++) {
		int n = i < BINDINGS ?
			snprintf(text, sizeof(text), "{\"parameters\":{\"home_address\":"
				 "\"2001:db8::%x\"},\"continues\":true}", i + 1) :
			snprintf(text, sizeof(text), "{\"parameters\":{}}");

		if (write(fd, text, (size_t)n + 1) < 0)
			break;
	}
}

/* A daemon that has them, for that many calls. */
static pid_t daemon_at(const char *path, int calls)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	strcpy(at.sun_path, path);
	unlink(path);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s, 1), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		signal(SIGPIPE, SIG_IGN);
		alarm(30);
		for (; calls; calls--) {
			int fd = accept(s, NULL, NULL);

			while (read(fd, &c, 1) == 1 && c)
				;
			say_bindings(fd);
			close(fd);
		}
		_exit(0);
	}
	close(s);
	assert_true(pid > 0);
	return pid;
}

static void test_the_socket_that_is_named_is_asked_and_the_typed_part_counts(void **state)
{
	static const char *const said[] = { "-S ", "-S", "-jS", "--socket=", "--socket " };
	char path[64], words[LEN];
	pid_t pid;
	int rc;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/mip6ctl-table-%d", getpid());
	pid = daemon_at(path, ARRAY_SIZE(said) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		snprintf(words, sizeof(words), "%s%s binding show 2001:db8::257", said[i], path);
		offers(words, "2001:db8::257 ");	/* behind the first 500 */
	}
	run("'%s' --complete -S '%s' binding show '' | wc -l", program, path);
	assert_int_equal(atoi(out), 500);
	assert_int_equal(waitpid(pid, &rc, 0), pid);
	assert_int_equal(rc, 0);
	unlink(path);
}

static void test_file_names_are_taken_as_they_are(void **state)
{
	struct set is, wanted = { .n = 1 };
	char dir[64], line[LEN];

	(void)state;
	if (!have("bash"))
		skip();
	snprintf(dir, sizeof(dir), "/tmp/mip6ctl-files-%d", getpid());
	run("mkdir -p %s && touch %s/ba '%s/b[ac]'", dir, dir, dir);
	snprintf(line, sizeof(line), "config check %s/b[", dir);
	snprintf(wanted.word[0], LEN, "%s/b[ac]", dir);
	in_bash(&is, line);
	run("rm -r %s", dir);
	same(&is, &wanted, "files");
}

/* ---- text ---- */

static void test_the_help_text_has_every_command_and_option(void **state)
{
	char text[LEN];

	(void)state;
	run("'%s' -h", program);
	for (size_t i = 0; i < cmd_count; i++) {
		const struct command *c = &cmd_table[i];

		snprintf(text, sizeof(text), first_row(i) && c->sub && !c->only ? "  %s [%s]" : "  %s %s",
			 c->name, c->sub ? c->sub : "");
		if (!strstr(out, text) || !strstr(out, c->help))
			fail_msg("mip6ctl -h has no \"%s\"", text);
	}
	for (size_t i = 0; i < cmd_opts; i++) {
		snprintf(text, sizeof(text), "--%s ", cmd_opt[i].name);
		assert_non_null(strstr(out, text));
	}
}

/* ---- the manual ---- */

/* ".It Cm binding Oo Cm list Oc Op Ar home-address" */
static const char *man_item(size_t i)
{
	static char buf[LEN];
	const struct command *c = &cmd_table[i];
	size_t n = (size_t)snprintf(buf, sizeof(buf), ".It Cm %s", c->name);

	if (c->sub)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n,
				      first_row(i) && !c->only ? " Oo Cm %s Oc" : " %s", c->sub);
	for (size_t k = 0; k < CMD_ARGS && c->arg[k].kind; k++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s Ar %s%s",
				      c->arg[k].required ? "" : " Op", c->arg[k].name,
				      c->arg[k].many ? " ..." : "");
	snprintf(buf + n, sizeof(buf) - n, "\n");
	return buf;
}

static void test_the_manual_has_every_command_with_an_example(void **state)
{
	static char page[OUT_MAX];
	char path[512], text[LEN], *examples;
	FILE *f;

	(void)state;
	source_path("man", "mip6ctl.8", path, sizeof(path));
	f = fopen(path, "r");
	assert_non_null(f);
	page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
	fclose(f);
	examples = strstr(page, "\n.Sh EXAMPLES\n");
	assert_non_null(examples);
	for (size_t i = 0; i < cmd_count; i++) {
		const struct command *c = &cmd_table[i];

		if (!strstr(page, man_item(i)))
			fail_msg("mip6ctl.8 has no line %s", man_item(i));
		snprintf(text, sizeof(text), "%s%s%s", c->name,
			 c->sub && !first_row(i) ? " " : "",
			 c->sub && !first_row(i) ? c->sub : "");
		if (!strstr(examples, text))
			fail_msg("mip6ctl.8 has no example of %s", text);
	}
	for (size_t i = 0; i < cmd_opts; i++) {
		snprintf(text, sizeof(text), "-%s", cmd_opt[i].name);
		if (!strstr(page, text))
			fail_msg("mip6ctl.8 has no option -%s", text);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bash_offers_exactly_the_table),
		cmocka_unit_test(test_zsh_offers_exactly_the_table),
		cmocka_unit_test(test_arguments_are_offered_where_they_stand),
		cmocka_unit_test(
			test_the_socket_that_is_named_is_asked_and_the_typed_part_counts),
		cmocka_unit_test(test_file_names_are_taken_as_they_are),
		cmocka_unit_test(test_the_help_text_has_every_command_and_option),
		cmocka_unit_test(test_the_manual_has_every_command_with_an_example),
	};

	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		for (size_t i = 0; i < cmd_count; i++)
			fputs(man_item(i), stdout);
		return 0;
	}
	snprintf(program, sizeof(program), "%s", getenv("MIP6CTL") ? getenv("MIP6CTL") : "mip6ctl");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
