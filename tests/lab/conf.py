# SPDX-License-Identifier: BSD-2-Clause
"""Configuration texts for the daemons of the lab (libconfig), from the drawing's facts.

The only place in the lab that knows names of configuration keys.
"""
import os

import net

KEY = "6d6970366420746573742073656372657421"     # any bytes: the lab's shared secret, hex


class Raw(str):
    """Text that is libconfig already."""


def value(v):
    """A Python value as libconfig: bool, int, float, str, dict (group), list, tuple (array)."""
    if isinstance(v, Raw):
        return str(v)
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, float)):
        return str(v)
    if isinstance(v, str):
        return '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(v, dict):
        return "{ " + " ".join(f"{k} = {value(x)};" for k, x in v.items()) + " }"
    if isinstance(v, tuple):                     # array: scalars of one type
        return "[ " + ", ".join(value(x) for x in v) + " ]"
    if isinstance(v, list):                      # list: groups
        return "( " + ",\n  ".join(value(x) for x in v) + " )"
    raise TypeError(f"no libconfig form for {v!r}")


def text(settings):
    """A whole configuration file."""
    return "".join(f"{k} = {value(v)};\n" for k, v in settings.items() if v is not None)


def key_file(world, name="ha.key", key=KEY):
    """A file with the shared key, safe mode; the path."""
    path = world.result(name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(key + "\n")
    os.chmod(path, 0o600)
    return path


def auth(world, n=0, key=KEY, spi=1000):
    """The security group of mobile router n: RFC 4285 with its key in a file."""
    return {"method": "auth-option", "spi": spi + n,
            "key_file": key_file(world, f"key{spi + n}", key)}


OPEN = {"method": "none"}


def common(node, **more):
    """Settings every daemon of the lab has: its own control socket and state folder."""
    return {"control": {"socket": socket_path(node), "group": "", "admin_group": ""},
             "state_dir": state_dir(node), **more}


def socket_path(node):
    return f"/run/tmp/{node.name}.sock"


def state_dir(node):
    """A folder of the node's own, emptied with the boot and not with the daemon."""
    path = f"/run/tmp/{os.path.basename(node.world.results)}-{node.name}"
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def mobile_node(n=0, security=OPEN, prefixes=None, **more):
    """What a home agent knows of mobile router number n."""
    p6, p4, _, _ = net.mnp(n)
    return {"home_address": net.hoa(n), "nai": nai(n),
            "prefixes": tuple(prefixes if prefixes is not None else (p6, p4)),
            "security": security, **more}


def mobile_host(n=0, security=OPEN, **more):
    """What a home agent knows of mobile host number n."""
    return {"home_address": net.mn_hoa(n), "nai": host_nai(n), "security": security, **more}


def host_nai(n=0):
    return f"laptop{n}@example.org"


HOST_SPI = 2000                     # of mobile host 0


def nai(n=0):
    return f"bus{17 + n}@example.org"


def ha_conf(world, security=None, mobile_nodes=None, node=None, roles=("ha",), **more):
    """The home agent's configuration; keys given here replace or extend the usual ones.

    security: of every mobile router (default: each its RFC 4285 key); None entries vanish.
    """
    node = node or world.ha
    if mobile_nodes is None:
        mobile_nodes = [mobile_node(n, security or auth(world, n))
                        for n in range(len(world.mrs))]
        mobile_nodes += [mobile_host(n, security or auth(world, n, spi=HOST_SPI))
                         for n in range(len(world.mns))]
    return text({
        "roles": roles, **common(node),
        "home_links": [{"device": "home0", "address": net.HA_ADDR,
                        "prefixes": (net.HOME_PREFIX,)}],
        "mobile_nodes": mobile_nodes, **more})


def cn_conf(world, node=None, **more):
    """A correspondent's configuration; `correspondent`: its group."""
    return text({"roles": ("cn",), **common(node or world.b), **more})


def prefix(p, mode="explicit", device="lan0"):
    return {"prefix": p, "mode": mode, "device": device}


def mr_conf(world, n=0, security=None, prefixes=None, uplinks=None, home=None, **more):
    """Mobile router n's configuration. `home`: keys of the homes entry to replace or add."""
    node = world.mrs[n]
    p6, p4, _, _ = net.mnp(n)
    if prefixes is None:
        prefixes = [prefix(p6), prefix(p4)]
    if uplinks is None:
        uplinks = [{"device": "up0"}]
    entry = {"home_address": net.hoa(n) + "/64", "home_agent": net.HA_ADDR,
             "prefixes": prefixes, "nai": nai(n),
             "security": security or auth(world, n), **(home or {})}
    return text({"roles": ("mr",), **common(node), "uplinks": uplinks,
                 "homes": [{k: v for k, v in entry.items() if v is not None}], **more})


def mn_conf(world, n=0, security=None, uplinks=None, home=None, homes=None, **more):
    """Mobile host n's configuration. `home`: keys of the homes entry to replace or add; `homes`:
    further entries."""
    entry = {"home_address": net.mn_hoa(n) + "/64", "home_agent": net.HA_ADDR,
             "nai": host_nai(n), "security": security or auth(world, n, spi=HOST_SPI),
             **(home or {})}
    return text({"roles": ("mn",), **common(world.mns[n]),
                 "uplinks": uplinks or [{"device": "up0"}],
                 "homes": [{k: v for k, v in entry.items() if v is not None}, *(homes or [])],
                 **more})
