package dev.mishap.proxy.tls;

import dev.mishap.proxy.transport.CertificateInfo;
import java.lang.ref.WeakReference;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** All TLS contexts that are in use. A listener or a cluster that is gone takes its own with it. */
final class CertificateReport implements CertificateInfo {
    private final List<Entry> entries = new CopyOnWriteArrayList<>();
    private final Clock clock;

    private record Entry(WeakReference<Object> owner, CommonTlsConfig config) {}

    CertificateReport(Clock clock) {
        this.clock = clock;
    }

    void add(Object owner, CommonTlsConfig config) {
        entries.removeIf(e -> e.owner().get() == null);
        entries.add(new Entry(new WeakReference<>(owner), config));
    }

    private List<CommonTlsConfig> configs() {
        entries.removeIf(e -> e.owner().get() == null);
        return entries.stream().map(Entry::config).toList();
    }

    @Override
    public List<Object> certificates() {
        List<Object> all = new ArrayList<>();
        for (CommonTlsConfig config : configs()) {
            Map<String, Object> context = new LinkedHashMap<>();
            TrustConfig trust = config.currentTrust();
            List<Object> authorities = new ArrayList<>();
            if (!trust.authorities().isEmpty()) {
                // Of a bundle Envoy shows the first.
                authorities.add(details(trust.authorities().get(0), trust.path()));
            }
            context.put("ca_cert", authorities);
            List<Object> chain = new ArrayList<>();
            for (TlsCertificate c : config.currentCertificates()) {
                for (X509Certificate link : c.chain()) {
                    Map<String, Object> shown = details(link, c.path());
                    OcspResponse ocsp = c.ocsp();
                    if (ocsp != null && link == c.leaf()) {
                        shown.put("ocsp_details", validity(ocsp));
                    }
                    chain.add(shown);
                }
            }
            context.put("cert_chain", chain);
            all.add(context);
        }
        return all;
    }

    private Map<String, Object> details(X509Certificate certificate, String path) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("path", path);
        shown.put("serial_number", Certificates.serial(certificate));
        List<Object> sans = new ArrayList<>();
        for (Certificates.San san : Certificates.sans(certificate)) {
            switch (san.type()) {
                case DNS -> sans.add(Map.of("dns", san.value()));
                case URI -> sans.add(Map.of("uri", san.value()));
                case IP_ADDRESS -> sans.add(Map.of("ip_address", san.value()));
                case EMAIL, OTHER_NAME -> {
                    // Envoy does not show them.
                }
            }
        }
        shown.put("subject_alt_names", sans);
        shown.put(
                "days_until_expiration",
                Long.toString(Expirations.days(certificate.getNotAfter().getTime(), clock.millis())));
        shown.put("valid_from", time(certificate.getNotBefore().toInstant()));
        shown.put("expiration_time", time(certificate.getNotAfter().toInstant()));
        return shown;
    }

    private static Map<String, Object> validity(OcspResponse ocsp) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("valid_from", time(ocsp.thisUpdate()));
        Instant end = ocsp.nextUpdate();
        if (end != null) {
            shown.put("expiration", time(end));
        }
        return shown;
    }

    private static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    @Override
    public @Nullable Long daysUntilFirstExpires() {
        Long first = null;
        for (CommonTlsConfig config : configs()) {
            for (X509Certificate c : config.currentTrust().authorities()) {
                first = Expirations.earliest(first, c.getNotAfter().getTime());
            }
            for (TlsCertificate c : config.currentCertificates()) {
                first = Expirations.earliest(first, c.leaf().getNotAfter().getTime());
            }
        }
        return first == null ? null : Long.valueOf(Expirations.days(first, clock.millis()));
    }
}
