/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration either loads or says what is wrong, with the name of the file. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "ctl/conf.h"

/* libconfig 1.5 loses texts if a syntax error follows them. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

static void check(const char *text, unsigned roles)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	struct node_conf n;
	int rc = conf_load_text(text, "input", roles, &c, &errs);

	FUZZ_CHECK(rc == 0 || rc == -EINVAL);
	FUZZ_CHECK((rc == 0) == (errs.n_error == 0) && (rc == 0) == (c != NULL));
	for (size_t i = 0; i < errs.n; i++)
		FUZZ_CHECK(strncmp(errs.msg[i].text, "input:", 6) == 0);
	if (c) {
		FUZZ_CHECK(c->roles && (!roles || c->roles == roles));
		FUZZ_CHECK(!(c->roles & ROLE_HA) || ha_conf_indexed(&c->ha));
		conf_node(c, &n);
		FUZZ_CHECK(!n.ha == !(c->roles & ROLE_HA));
	}
	conf_errs_free(&errs);
	conf_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* an included file is not part of the input */
	if (!strstr(text, "@include")) {
		check(text, 0);
		check(text, ROLE_HA);
		check(text, ROLE_MR);
	}
	free(text);
	return 0;
}
