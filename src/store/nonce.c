/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/nonce.h"

#include <math.h>
#include <string.h>

#include "base/util.h"
#include "sec/crypto.h"

void nonces_init(struct nonces *n, uint16_t last, double interval, double lifetime)
{
	*n = (struct nonces){ .last = last, .interval = interval, .lifetime = lifetime };
}

void nonces_set(struct nonces *n, double interval, double lifetime)
{
	if (lifetime != n->lifetime)
		nonces_drop(n, HUGE_VAL);
	n->interval = interval;
	n->lifetime = lifetime;
}

static bool good(const struct nonces *n, const struct nonce *x, double now)
{
	return x->index && now < nonce_ends(n, x);
}

void nonces_renew(struct nonces *n)
{
	n->renew = true;
}

bool nonces_due(const struct nonces *n, double now)
{
	const struct nonce *x = nonces_now(n);

	/* none that is good is lost from the ring by what is asked for */
	double apart = n->renew ? MIN(n->interval, n->lifetime / (NONCE_MAX - 1)) : n->interval;

	return !good(n, x, now) || now - x->made >= apart;
}

void nonces_add(struct nonces *n, double now, const uint8_t random[static NONCE_RANDOM])
{
	struct nonce *x;

	n->newest = (n->newest + 1) % NONCE_MAX;
	x = &n->slot[n->newest];
	if (++n->last == 0)
		n->last = 1;
	x->index = n->last;
	n->renew = false;
	x->made = now;
	memcpy(x->kcn, random, sizeof(x->kcn));
	memcpy(x->nonce, random + sizeof(x->kcn), sizeof(x->nonce));
}

const struct nonce *nonces_now(const struct nonces *n)
{
	return &n->slot[n->newest];
}

const struct nonce *nonces_find(const struct nonces *n, uint16_t index, double now)
{
	for (unsigned i = 0; index && i < NONCE_MAX; i++)
		if (n->slot[i].index == index)
			return good(n, &n->slot[i], now) ? &n->slot[i] : NULL;
	return NULL;
}

double nonce_ends(const struct nonces *n, const struct nonce *x)
{
	return x->made + n->lifetime;
}

void nonces_drop(struct nonces *n, double ends)
{
	for (unsigned i = 0; i < NONCE_MAX; i++)
		if (nonce_ends(n, &n->slot[i]) <= ends)
			crypto_wipe(&n->slot[i], sizeof(n->slot[i]));
}

void nonces_wipe(struct nonces *n)
{
	crypto_wipe(n, sizeof(*n));
}
