package dev.mishap.proxy.tls;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The contexts of a server, one a certificate, and which of them answers a client. Immutable. */
final class ServerCertificates {
    private final List<TlsContext> contexts;
    private final List<TlsCertificate> certificates;
    private final boolean fullScan;
    private final boolean staples;
    /** By name, in whose case Envoy sees differences: the index of the first certificate with an RSA key, and of the first with an ECDSA one; -1 = none. */
    private final Map<String, int[]> byName = new HashMap<>();

    ServerCertificates(List<TlsCertificate> certificates, List<TlsContext> contexts, boolean fullScan) {
        this.certificates = List.copyOf(certificates);
        this.contexts = List.copyOf(contexts);
        this.fullScan = fullScan;
        this.staples = OcspPolicy.matters(certificates);
        for (int i = 0; i < certificates.size(); i++) {
            TlsCertificate c = certificates.get(i);
            List<String> names = Certificates.sans(c.leaf(), Certificates.SanType.DNS);
            if (names.isEmpty()) {
                String common = Certificates.commonName(c.leaf());
                names = common == null ? List.of() : List.of(common);
            }
            for (String name : names) {
                int[] known = byName.computeIfAbsent(name, k -> new int[] {-1, -1});
                int kind = c.isEcdsa() ? 1 : 0;
                known[kind] = known[kind] < 0 ? i : known[kind];
            }
        }
    }

    /** The context when nothing depends on the client's hello, else null. */
    @Nullable
    TlsContext only() {
        return contexts.size() == 1 && !staples ? contexts.get(0) : null;
    }

    TlsContext context(int index) {
        return contexts.get(index);
    }

    TlsCertificate certificate(int index) {
        return certificates.get(index);
    }

    int index(ClientHello hello) {
        String name = hello.serverName();
        if (!name.isEmpty()) {
            int found = preferred(byName.get(name), hello);
            if (found < 0) {
                int dot = name.indexOf('.');
                found = dot < 0 ? -1 : preferred(byName.get("*" + name.substring(dot)), hello);
            }
            if (found >= 0) {
                return found;
            }
            if (!fullScan) {
                return 0;
            }
        }
        for (int i = 0; i < certificates.size(); i++) {
            if (certificates.get(i).isEcdsa() == hello.ecdsa()) {
                return i;
            }
        }
        // A client that can check ECDSA can check RSA too, but not the other way round.
        return 0;
    }

    private static int preferred(int @Nullable [] kinds, ClientHello hello) {
        if (kinds == null) {
            return -1;
        }
        int wanted = hello.ecdsa() ? kinds[1] : kinds[0];
        return wanted >= 0 ? wanted : Math.max(kinds[0], kinds[1]);
    }
}
