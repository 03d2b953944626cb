package dev.mishap.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code mishap standalone --dns} between dnsmasq and real clients, dig and glibc's resolver, in namespaces of their own where it has port
 * 53 and resolv.conf names it.
 */
@Timeout(180)
class DnsIT {
    @TempDir
    Path directory;

    @Test
    void whatDigAndGlibcSeeOfEachFault() {
        check("dns_check.py", "every client saw what it was to see");
    }

    /** Two network namespaces are the regions; a short time to live is what lets a client find the other one. */
    @Test
    void aRegionIsPartitionedAwayAndClientsFailOver() {
        Tools.need("curl", "--version");
        check("region_check.py", "failed over to region A");
    }

    /** resolv.conf names the real server, and iptables turns what applications ask it to the proxy. */
    @Test
    void redirectedQuestionsOfGlibc() {
        Tools.need("unshare", "--net", "iptables", "-t", "nat", "-L");
        check("dns_redirect_check.py", "every redirected question had its answer");
    }

    private void check(String script, String said) {
        Tools.need("dnsmasq", "--version");
        Tools.need("dig", "-v");
        Tools.need("unshare", "--net", "--mount", "ip", "link", "set", "lo", "up");
        Tools.Result result = Tools.run(
                directory,
                150,
                List.of(
                        "unshare",
                        "--net",
                        "--mount",
                        "python3",
                        Tools.root().resolve("deploy/src/test/python/" + script).toString(),
                        Tools.launcher().toString()));
        assertThat(result.out() + result.err()).contains(said);
        assertThat(result.exit()).isZero();
    }
}
