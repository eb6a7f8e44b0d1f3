"""Antivirus products: how each is recognised, and where it is told to leave Certify alone. Data, not code.

Names of processes and services are those that the vendors' manuals give, compared in lower case.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """One product."""

    name: str
    advice: str
    """A sentence that says where its exclusions are set; what to exclude is added by who shows it."""
    processes: frozenset[str] = frozenset()
    """In lower case, `.exe` included."""
    services: frozenset[str] = frozenset()
    """Names of Windows services, in lower case."""
    registered_as: tuple[str, ...] = ()
    """How its names in the Windows Security Center begin, in lower case."""
    windows_command: str = ""
    """What an administrator may run to have a folder left alone; `{folder}` is its path."""
    posix_command: str = ""
    """The same elsewhere."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRODUCTS = (
    Product(
        "Microsoft Defender",
        "Windows Security > Virus & threat protection > Exclusions; on Linux by `mdatp exclusion`.",
        _names("msmpeng.exe mssense.exe nissrv.exe wdavdaemon"),
        _names("windefend sense wdnissvc"),
        ("windows defender", "microsoft defender"),
        # https://learn.microsoft.com/powershell/module/defender/add-mppreference
        'Add-MpPreference -ExclusionPath "{folder}"',
        # https://learn.microsoft.com/defender-endpoint/linux-exclusions
        'mdatp exclusion folder add --path "{folder}"',
    ),
    Product(
        "ClamAV",
        "`OnAccessExcludePath` and `ExcludePath` in clamd.conf.",
        _names("clamd clamd.exe clamonacc"),
        _names("clamd"),
    ),
    Product(
        "ClamWin",
        "ClamWin > Preferences > Filters > Exclude Matching Filenames, and the same in Clam Sentinel, which scans on "
        "access.",
        _names("clamtray.exe clamwin.exe clamscan.exe clamsentinel.exe"),
        _names("clamsentinel"),
        ("clamwin",),
    ),
    Product(
        "WatchGuard EPDR",
        "WatchGuard Endpoint Security > Settings > Workstations and servers > Exclusions; allow the program in "
        "Advanced Protection (Lock mode) too.",
        _names("psanhost.exe psuaservice.exe psuamain.exe agentsvc.exe panda_url_filtering.exe"),
        _names("nanoservicemain psuaservice pandaaetheragent pandaagent"),
        ("watchguard",),
    ),
    Product(
        "Panda",
        "Panda > Antivirus > Settings > Exclusions.",
        _names("pavsrvx86.exe pavfnsvr.exe pavprsrv.exe"),
        _names("pavsrv pavfnsvr"),
        ("panda",),
    ),
    Product(
        "ESET",
        "ESET > Advanced setup > Detection engine > Exclusions > Performance exclusions; for the listener also Web "
        "access protection > Protocol filtering > Excluded applications.",
        _names("ekrn.exe egui.exe eraagent.exe oaeventd odfeeder eset_rtp"),
        _names("ekrn ekrnepfw eraagentsvc"),
        ("eset",),
    ),
    Product(
        "Sophos",
        "Sophos Central > Policies > Threat Protection > Exclusions.",
        _names(
            "savservice.exe sedservice.exe sophosfs.exe sspservice.exe sophosfilescanner.exe sophos_threat_detector "
            "soapd"
        ),
        _names("savservice sntpservice") | {"sophos endpoint defense service", "sophos mcs agent"},
        ("sophos",),
    ),
    Product(
        "Symantec Endpoint Protection",
        "Symantec Endpoint Protection Manager > Policies > Exceptions.",
        _names("ccsvchst.exe sisidsservice sisamddaemon"),
        _names("sepmasterservice"),
        ("symantec",),
    ),
    Product(
        "Trend Micro",
        "Apex One: Agents > Settings > Scan Settings > Scan Exclusion List; Deep Security: Policies > Anti-Malware > "
        "Exclusions.",
        _names("ntrtscan.exe tmlisten.exe coreserviceshell.exe ds_agent.exe ds_agent ds_am"),
        _names("ntrtscan tmlisten tmccsf ds_agent amsp"),
        ("trend micro",),
    ),
    Product(
        "Trellix (McAfee)",
        "ePolicy Orchestrator > Endpoint Security Threat Prevention > On-Access Scan > Exclusions.",
        _names("mcshield.exe mfetp.exe mfemms.exe masvc.exe mfetpd isecoasd"),
        _names("mcshield mfemms mfetp mfevtp masvc"),
        ("mcafee", "trellix"),
    ),
    Product(
        "Kaspersky",
        "Kaspersky Endpoint Security > Settings > Threats and Exclusions > Trusted zone.",
        _names("avp.exe kavfs.exe kavfswp.exe klnagent.exe kesl"),
        _names("avp kavfs kavfsgt klnagent"),
        ("kaspersky",),
    ),
    Product(
        "Bitdefender",
        "GravityZone > Policies > Antimalware > Settings > Custom Exclusions.",
        _names("epsecurityservice.exe epprotectedservice.exe bdredline.exe vsserv.exe bdsecd"),
        _names("epsecurityservice epprotectedservice epintegrationservice epupdateservice vsserv"),
        ("bitdefender",),
    ),
    Product(
        "CrowdStrike Falcon",
        "Falcon console > Endpoint security > Exclusions (sensor visibility exclusion).",
        _names("csfalconservice.exe csfalconcontainer.exe falcon-sensor falcon-sensor-b"),
        _names("csfalconservice"),
        ("crowdstrike",),
    ),
    Product(
        "SentinelOne",
        "SentinelOne console > Sentinels > Exclusions.",
        _names("sentinelagent.exe sentinelservicehost.exe s1-agent"),
        _names("sentinelagent sentinelstaticengine sentinelhelperservice"),
        ("sentinelone",),
    ),
    Product(
        "Avast or AVG",
        "Menu > Settings > General > Exceptions.",
        _names("avastsvc.exe avgsvc.exe"),
        frozenset({"avast! antivirus", "avg antivirus"}),
        ("avast", "avg"),
    ),
    Product(
        "Malwarebytes",
        "Settings > Allow list (Nebula: Configure > Exclusions).",
        _names("mbamservice.exe"),
        _names("mbamservice mbendpointagent"),
        ("malwarebytes",),
    ),
    Product(
        "Webroot",
        "Webroot console > Overrides > Allow list.",
        _names("wrsa.exe wrskyclient.exe"),
        _names("wrsvc"),
        ("webroot",),
    ),
    Product(
        "Palo Alto Cortex XDR",
        "Cortex XDR console > Endpoints > Policy > Exceptions.",
        _names("cyserver.exe traps_pmd"),
        _names("cyserver"),
        ("cortex xdr",),
    ),
    Product(
        "Carbon Black",
        "Carbon Black Cloud console > Enforce > Policies > Prevention > Permissions.",
        _names("repmgr.exe cbagentd"),
        _names("cbdefense"),
        ("carbon black",),
    ),
    Product(
        "Cylance",
        "Cylance console > Policies > Memory Actions and Protection Settings > Exclusions.",
        _names("cylancesvc.exe cylancesvc"),
        _names("cylancesvc"),
        ("cylance",),
    ),
    Product(
        "Emsisoft",
        "Emsisoft > Settings > Exclusions.",
        _names("a2service.exe"),
        _names("a2service"),
        ("emsisoft",),
    ),
    Product(
        "WithSecure (F-Secure)",
        "WithSecure Elements > Profiles > Real-time scanning > Exclusions.",
        _names("fshoster64.exe fshoster32.exe fsulprothoster.exe fsoasd"),
        _names("fshoster fsulprothoster"),
        ("withsecure", "f-secure"),
    ),
)
