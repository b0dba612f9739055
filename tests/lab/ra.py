# SPDX-License-Identifier: BSD-2-Clause
"""radvd: the routers' advertisements, with a configuration written from the drawing."""

from proc import ROUTER_NICE

FAST = (0.03, 0.07)


def radvd_conf(dev, *prefixes, interval=FAST, home_agent=False, lifetime=1800, preference=10,
               ha_lifetime=1800, prefix_lifetime=(86400, 14400), router=True, retrans=0):
    """The text of a radvd configuration for one device.

    retrans: RetransTimer in seconds, the wait of duplicate address detection among others.
    A home link (home_agent) carries the H flag, the Home Agent Information
    option and the router's whole address in the prefix (RFC 6275 7.1-7.4);
    `prefixes` name the router's address there: "2001:db8:280::1/64"; one with
    lifetimes of its own is (address, valid, preferred).
    """
    least, most = interval
    lines = [f"interface {dev} {{", "  AdvSendAdvert on;", f"  MinRtrAdvInterval {least};",
             f"  MaxRtrAdvInterval {most};", f"  MinDelayBetweenRAs {min(least, 0.03)};",
             f"  AdvDefaultLifetime {lifetime if router else 0};", "  AdvIntervalOpt on;",
             f"  AdvRetransTimer {retrans * 1000:.0f};"]
    if home_agent:
        lines += ["  AdvHomeAgentFlag on;", "  AdvHomeAgentInfo on;",
                  f"  HomeAgentLifetime {ha_lifetime};", f"  HomeAgentPreference {preference};",
                  "  AdvMobRtrSupportFlag on;"]
    for one in prefixes:
        p, valid, preferred = (one, *prefix_lifetime) if isinstance(one, str) else one
        lines += [f"  prefix {p} {{", "    AdvOnLink on;", "    AdvAutonomous on;",
                  f"    AdvRouterAddr {'on' if home_agent else 'off'};",
                  f"    AdvValidLifetime {valid};", f"    AdvPreferredLifetime {preferred};",
                  "  };"]
    return "\n".join(lines + ["};", ""])


def radvd(node, dev, *prefixes, **how):
    """Start radvd on the node's device; the process (stop() sends the last RA, lifetime 0)."""
    path = node.world.result(f"{node.name}-{dev}-radvd.conf")
    with open(path, "w") as f:
        f.write(radvd_conf(dev, *prefixes, **how))
    return node.spawn(f"radvd-{dev}", ["radvd", "-n", "-m", "stderr", "-C", path,
                                       "-p", node.world.result(f"{node.name}-{dev}-radvd.pid")],
                      nice=ROUTER_NICE)
