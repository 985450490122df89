"""What must hold of the containers, one function per promise; each raises Failed when it does not."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait

from deploy.verify.api import Api
from deploy.verify.console import Failed, passed, require
from deploy.verify.engine import Engine
from deploy.verify.images import OURS
from deploy.verify.stack import CONTAINERS, SERVICES, Stack

DOMAIN = "verify.example"
_IN_FLIGHT = 20
_BEFORE_THE_CRASH_SECONDS = 0.7


def check_image(engine: Engine) -> None:
    """The image brings nothing to build with, and does not run as root."""
    tools = "cc gcc g++ make ld cargo"
    look = f"for tool in {tools}; do command -v $tool; done; python -c 'import pip' 2>/dev/null && echo pip; id -u"
    found = engine.docker("run", "--rm", "--network", "none", "--entrypoint", "sh", OURS, "-c", look).split()
    require(found == ["10001"], "the image has no build tools and runs as user 10001")


def check_hardening(stack: Stack) -> None:
    """Our containers may do nothing they need not, and only the gateway is published, on this host alone."""
    for service in SERVICES:
        found = stack.inspect(service)
        host = found["HostConfig"]
        held = (
            host["ReadonlyRootfs"]
            and found["Config"]["User"] == "10001:10001"
            and host["CapDrop"] == ["ALL"]
            and any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
            and host["Memory"] > 0
            and host["NanoCpus"] > 0
            and host["RestartPolicy"]["Name"] == "unless-stopped"
            and not any(
                re.search(r"^MAILWRIGHT_\w*(KEYS?|TOKEN|DATABASE_URL)=", line)
                for line in found["Config"]["Env"]
            )
        )
        require(
            held,
            f"{service}: read-only, not root, no capabilities, limited, restarted, no secret in its environment",
        )
    attempt = "import pathlib\ntry: pathlib.Path('/opt/mailwright/x').write_text('')\nexcept OSError as e: print(e.errno)"
    require(
        stack.python("gateway", attempt).strip() in {"13", "30"}, "a service cannot write to its own code"
    )
    published = {
        (service, binding["HostIp"])
        for service in CONTAINERS
        for bindings in stack.inspect(service)["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    require(
        published == {("gateway", "127.0.0.1")}, "only the gateway's port is published, on this host alone"
    )


def check_repeatable(stack: Stack) -> None:
    """The migration job may run again on a system that works."""
    stack.compose("run", "--rm", "migrate")
    passed("the migration job is safe to repeat")


def first_account(stack: Stack) -> tuple[Api, str]:
    """Make a key, verify a domain and provision an account; return the API and the domain's id."""
    key = stack.compose(
        "exec", "-T", "gateway", "python", "-m", "mailwright", "keys", "create", "--tenant", "Verify"
    )
    api = Api(stack.base_url, key.strip())
    domain_id = api.verified_domain(DOMAIN)
    address = api.provisioned_account("ada", domain_id)
    passed(f"{address} was provisioned through the published port and is warming")
    return api, domain_id


def check_crash(stack: Stack, api: Api, domain_id: str, container: str) -> list[str]:
    """Kill a container while 20 creates are in flight, and see all of them end well; return their addresses."""
    names = [f"slow-inbox-{container}-{n}" if n % 2 else f"{container}-{n}" for n in range(_IN_FLIGHT)]
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        creating = [pool.submit(api.provisioned_account, name, domain_id) for name in names]
        unfinished = len(wait(creating, timeout=_BEFORE_THE_CRASH_SECONDS).not_done)
        stack.crash(container)
        addresses = [each.result() for each in creating]
    if not unfinished:
        raise Failed(f"{container} was killed too late: nothing was in flight any more")
    stack.wait_healthy()
    passed(
        f"{container} was killed with {unfinished} of {_IN_FLIGHT} creates in flight; all of them are warming"
    )
    return addresses


def check_ledger(stack: Stack, addresses: list[str]) -> None:
    """The providers saw each account made once, and nothing else."""
    read = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/_sim/{}').read().decode())"
    entries = json.loads(stack.python("simulator", read.format("ledger?after=0")))["entries"]
    effects = Counter((entry["effect"], entry["subject"]) for entry in entries)
    for effect in ("inbox.created", "sender.created", "warmup.enabled"):
        seen = {subject: times for (kind, subject), times in effects.items() if kind == effect}
        wrong = sorted(set(seen) ^ set(addresses)) or sorted(s for s, n in seen.items() if n != 1)
        require(not wrong, f"{effect}: once for each of {len(addresses)} accounts {wrong[:3] or ''}".rstrip())
    undone = [effect for effect, _ in effects if effect.endswith(".deleted")]
    require(not undone, f"nothing was undone {undone[:3] or ''}".rstrip())


def check_stop(stack: Stack) -> None:
    """Every service ends by itself when asked to."""
    stack.compose("stop")
    for service in SERVICES:
        code = stack.inspect(service)["State"]["ExitCode"]
        require(code in {0, 143}, f"{service} stopped in good order ({code})")
