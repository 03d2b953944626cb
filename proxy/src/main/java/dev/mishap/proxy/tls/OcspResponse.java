package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * An answer of a certificate's authority about it (RFC 6960), which a server hands on to clients that ask ({@code ocsp_staple}). Its
 * signature is for them to check.
 *
 * @param bytes DER, as it is handed on
 * @param serial number of the certificate that it is about
 * @param thisUpdate from when on it holds
 * @param nextUpdate until when; null = it says nothing, and holds no longer
 */
record OcspResponse(
        byte[] bytes,
        BigInteger serial,
        Instant thisUpdate,
        @Nullable Instant nextUpdate) {
    private static final String BASIC = "1.3.6.1.5.5.7.48.1.1";
    private static final int ENUMERATED = 0x0a;
    private static final int GENERALIZED_TIME = 0x18;
    /** An element of this number within its sequence, which may be absent. */
    private static final int CONTEXT_0 = 0xa0;

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'");

    /** @throws ConfigException in Envoy's words where it has some */
    static OcspResponse parse(byte[] bytes) {
        try {
            Der all = new Der(bytes);
            Der response = all.next(Der.SEQUENCE);
            if (all.hasMore()) {
                throw new ConfigException("Data contained more than a single OCSP response");
            }
            if (new BigInteger(response.next(ENUMERATED).rest()).signum() != 0) {
                throw new ConfigException("OCSP response was unsuccessful");
            }
            Der body = response.next(CONTEXT_0).next(Der.SEQUENCE);
            String type = body.next(Der.OID).oid();
            if (!type.equals(BASIC)) {
                throw new ConfigException("Unknown OCSP Response type with OID: " + type);
            }
            Der basic = new Der(body.next(Der.OCTETS).rest()).next(Der.SEQUENCE);
            return single(bytes, basic.next(Der.SEQUENCE));
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new ConfigException("malformed OCSP response: " + e.getMessage());
        }
    }

    private static OcspResponse single(byte[] bytes, Der data) {
        if (data.tag() == CONTEXT_0) {
            data.next(); // version
        }
        data.next(); // who answers
        data.next(GENERALIZED_TIME); // when
        Der responses = data.next(Der.SEQUENCE);
        Der single = responses.next(Der.SEQUENCE);
        if (responses.hasMore()) {
            throw new ConfigException("OCSP Response must be for one certificate only");
        }
        Der id = single.next(Der.SEQUENCE);
        id.next(Der.SEQUENCE); // of which kind the hashes are
        id.next(Der.OCTETS);
        id.next(Der.OCTETS);
        BigInteger serial = new BigInteger(id.next(Der.INTEGER).rest());
        single.next(); // good or not: the client decides
        Instant from = time(single.next(GENERALIZED_TIME));
        Instant to = single.hasMore() && single.tag() == CONTEXT_0
                ? time(single.next().next(GENERALIZED_TIME))
                : null;
        return new OcspResponse(bytes, serial, from, to);
    }

    private static Instant time(Der text) {
        return LocalDateTime.parse(new String(text.rest(), StandardCharsets.US_ASCII), TIME)
                .toInstant(ZoneOffset.UTC);
    }

    boolean isAbout(X509Certificate certificate) {
        return serial.equals(certificate.getSerialNumber());
    }

    boolean holds(Instant now) {
        Instant end = nextUpdate;
        return end != null && !end.isBefore(now);
    }
}
