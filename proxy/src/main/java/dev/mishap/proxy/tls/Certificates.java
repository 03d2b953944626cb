package dev.mishap.proxy.tls;

import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/** What is read from X.509 certificates. */
final class Certificates {
    private static final List<String> LABELS = List.of("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE");

    /** Kinds of alternative names, numbered as in RFC 5280. */
    enum SanType {
        OTHER_NAME(0),
        EMAIL(1),
        DNS(2),
        URI(6),
        IP_ADDRESS(7);

        final int number;

        SanType(int number) {
            this.number = number;
        }

        static @Nullable SanType of(int number) {
            for (SanType t : values()) {
                if (t.number == number) {
                    return t;
                }
            }
            return null;
        }
    }

    /** An alternative name; {@code oid} is that of an OTHER_NAME, else {@code ""}. */
    record San(SanType type, String value, String oid) {}

    private Certificates() {}

    /**
     * The certificates of a PEM text in order; empty when there is none.
     *
     * @throws CertificateException when one can't be read
     */
    static List<X509Certificate> parse(byte[] pem) throws CertificateException {
        List<X509Certificate> all = new ArrayList<>();
        try {
            for (Pem.Block block : Pem.blocks(pem)) {
                if (LABELS.contains(block.label())) {
                    all.add(parseDer(block.bytes()));
                }
            }
        } catch (IllegalArgumentException e) {
            throw new CertificateException(e.getMessage());
        }
        return all;
    }

    static X509Certificate parseDer(byte[] der) throws CertificateException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    /** The alternative names that have a form as text, in order. */
    static List<San> sans(X509Certificate certificate) {
        List<San> all = new ArrayList<>();
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException e) {
            return all;
        }
        if (names == null) {
            return all;
        }
        for (List<?> name : names) {
            SanType type = SanType.of((Integer) name.get(0));
            if (type == SanType.OTHER_NAME) {
                San other = name.get(1) instanceof byte[] der ? otherName(der) : null;
                if (other != null) {
                    all.add(other);
                }
            } else if (type != null && name.get(1) instanceof String value) {
                all.add(new San(type, type == SanType.IP_ADDRESS ? ip(value) : value, ""));
            }
        }
        return all;
    }

    /** The values of the names of one type. */
    static List<String> sans(X509Certificate certificate, SanType type) {
        List<String> values = new ArrayList<>();
        for (San san : sans(certificate)) {
            if (san.type() == type) {
                values.add(san.value());
            }
        }
        return values;
    }

    private static @Nullable San otherName(byte[] der) {
        try {
            Der name = new Der(der).next();
            String oid = name.next(Der.OID).oid();
            Der value = name.next(0xa0);
            // Some versions of the JDK wrap it twice.
            while (value.tag() == 0xa0) {
                value = value.next();
            }
            int tag = value.tag();
            Der content = value.next();
            boolean text = tag == 0x0c || tag == 0x16 || tag == 0x13 || tag == 0x14 || tag == 0x04 || tag == 0x1a;
            return text ? new San(SanType.OTHER_NAME, content.text(), oid) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** IPv6 in its short form (RFC 5952), which is how it is configured and printed. */
    private static String ip(String value) {
        try {
            return io.netty.util.NetUtil.toAddressString(InetAddress.getByName(value));
        } catch (UnknownHostException e) {
            return value;
        }
    }

    /** The last common name of the subject, or null. */
    static @Nullable String commonName(X509Certificate certificate) {
        String name = name(certificate.getSubjectX500Principal());
        for (String part : name.split(",(?=[A-Za-z0-9.]+=)")) {
            if (part.startsWith("CN=")) {
                return part.substring(3);
            }
        }
        return null;
    }

    /** A name as RFC 2253 writes it, with the short names that OpenSSL knows and the JDK does not. */
    static String name(X500Principal name) {
        return name.getName(X500Principal.RFC2253, DistinguishedNames.KEYWORDS);
    }

    static String serial(X509Certificate certificate) {
        return certificate.getSerialNumber().abs().toString(16);
    }

    static String pem(java.security.cert.Certificate certificate)
            throws java.security.cert.CertificateEncodingException {
        return Pem.write("CERTIFICATE", certificate.getEncoded());
    }

    static String hex(String algorithm, byte[] bytes) {
        return HexFormat.of().formatHex(digest(algorithm, bytes));
    }

    static byte[] digest(String algorithm, byte[] bytes) {
        try {
            return MessageDigest.getInstance(algorithm).digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
