/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6/ctl.h - the control socket of mip6d, for clients.
 *
 * A Unix stream socket that speaks varlink: JSON objects, each ended by one NUL
 * octet. A call is {"method": ..., "parameters": {...}, "more": true}; a reply is
 * {"parameters": {...}, "continues": true} or {"error": ..., "parameters": {...}}.
 * The interface describes itself by org.varlink.service.GetInterfaceDescription;
 * that text, in ctl_idl.c, is the list of all methods and fields.
 *
 * Listings (`more` is required) send one record per reply and end with an empty
 * reply that does not continue, so that an empty list is a list too. Monitor sends
 * the present state as events, then {"event": "sync"}, then what happens.
 *
 * Addresses and prefixes are text; a locator is {"family", "addr", "udp_port"} or
 * null for none. Times and lifetimes are seconds; "time" of an event is seconds
 * since 1970 of the wall clock. Keys may be added; none goes away without a new
 * interface name.
 *
 * Looking takes the right to connect (group mip6d); Refresh, Deregister, Flush,
 * FlushPeers, UsePath, PreferPath, ProbePaths, Inject, Reload, Confirm, ResetStats and SetLogLevel
 * take root or group mip6d-admin. A client that does not read while events pile up is closed.
 */
#ifndef MIP6_CTL_CLIENT_H
#define MIP6_CTL_CLIENT_H

#define MIP6_CTL_SOCKET		"/run/mip6d/mip6d.sock"
#define MIP6_CTL_INTERFACE	"io.mip6d"
#define MIP6_CTL_REQUEST_MAX	65536	/* octets of one call; more closes the connection */
#define MIP6_CTL_DEPTH_MAX	8	/* of its JSON */

/* Errors beside those of org.varlink.service. */
#define MIP6_CTL_E_NOT_FOUND	"io.mip6d.NotFound"	/* home_address: there is no such */
#define MIP6_CTL_E_NO_ROLE	"io.mip6d.NoSuchRole"	/* role: it does not run here */
#define MIP6_CTL_E_NO_PATH	"io.mip6d.NoSuchPath"	/* bid: no uplink has it */
#define MIP6_CTL_E_BAD_CONFIG	"io.mip6d.BadConfiguration"	/* messages */
#define MIP6_CTL_E_CANNOT_CHANGE "io.mip6d.CannotChange"	/* key: takes a restart */
#define MIP6_CTL_E_NO_UNDO	"io.mip6d.NoUndoPending"
#define MIP6_CTL_E_HINT		"io.mip6d.HintRefused"	/* field, reason */
#define MIP6_CTL_E_FAILED	"io.mip6d.Failed"	/* reason */

/* Exit statuses of mip6ctl and of mip6d --check. */
enum mip6_exit {
	MIP6_EXIT_DONE = 0,
	MIP6_EXIT_NOT_TRUE = 1,		/* the state asked for is not the case */
	MIP6_EXIT_USAGE = 2,
	MIP6_EXIT_UNREACHABLE = 3,	/* no daemon at the socket, or it went away */
	MIP6_EXIT_REFUSED = 4,		/* not allowed, failed, or bad configuration */
	MIP6_EXIT_NOT_FOUND = 5,
};

#endif
