package dev.mishap.control.security;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Certificates and keys as OpenSSL writes them. */
final class Pem {
    private static final byte[] RSA = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 5, 0
    };
    private static final byte[] EC = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

    private Pem() {}

    /**
     * All certificates of a text, in order.
     *
     * @throws GeneralSecurityException when there is none, or one cannot be read
     */
    static List<X509Certificate> certificates(byte[] text) throws GeneralSecurityException {
        List<X509Certificate> certificates = new ArrayList<>();
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        for (Certificate each : factory.generateCertificates(new ByteArrayInputStream(onlyCertificates(text)))) {
            certificates.add((X509Certificate) each);
        }
        if (certificates.isEmpty()) {
            throw new GeneralSecurityException("holds no certificate (expected -----BEGIN CERTIFICATE-----)");
        }
        return certificates;
    }

    private static byte[] onlyCertificates(byte[] text) {
        StringBuilder only = new StringBuilder();
        for (String block : blocks(new String(text, StandardCharsets.ISO_8859_1), "CERTIFICATE")) {
            only.append("-----BEGIN CERTIFICATE-----\n").append(block).append("-----END CERTIFICATE-----\n");
        }
        return only.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * The first private key of a text: PKCS #8, or the older forms of RSA and EC.
     *
     * @throws GeneralSecurityException when there is none that can be read; nothing of the text is in its message
     */
    static PrivateKey privateKey(byte[] text) throws GeneralSecurityException {
        String all = new String(text, StandardCharsets.ISO_8859_1);
        if (all.contains("ENCRYPTED")) {
            throw new GeneralSecurityException(
                    "the key is encrypted; write it without a passphrase (openssl pkey -in KEY -out NEW) and guard the file");
        }
        byte[] pkcs8 = der(all, "PRIVATE KEY");
        if (pkcs8 == null) {
            byte[] rsa = der(all, "RSA PRIVATE KEY");
            if (rsa != null) {
                pkcs8 = wrap(RSA, rsa);
            }
        }
        if (pkcs8 == null) {
            byte[] ec = der(all, "EC PRIVATE KEY");
            if (ec != null) {
                pkcs8 = wrap(sequence(join(EC, curve(ec))), ec);
            }
        }
        if (pkcs8 == null) {
            throw new GeneralSecurityException("holds no private key (expected -----BEGIN PRIVATE KEY-----)");
        }
        for (String algorithm : List.of("RSA", "EC", "Ed25519")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (GeneralSecurityException e) {
                // The next one, then.
            }
        }
        throw new GeneralSecurityException("the private key is neither RSA, EC nor Ed25519, or is damaged");
    }

    private static byte @Nullable [] der(String text, String type) throws GeneralSecurityException {
        List<String> blocks = blocks(text, type);
        if (blocks.isEmpty()) {
            return null;
        }
        try {
            return Base64.getMimeDecoder().decode(blocks.get(0));
        } catch (IllegalArgumentException e) {
            throw new GeneralSecurityException("the block " + type + " is not base64");
        }
    }

    private static List<String> blocks(String text, String type) {
        String begin = "-----BEGIN " + type + "-----";
        String end = "-----END " + type + "-----";
        List<String> blocks = new ArrayList<>();
        int from = 0;
        while ((from = text.indexOf(begin, from)) >= 0) {
            int to = text.indexOf(end, from);
            if (to < 0) {
                break;
            }
            blocks.add(text.substring(from + begin.length(), to));
            from = to;
        }
        return blocks;
    }

    /** The identifier of the curve, from the parameters [0] of an ECPrivateKey (RFC 5915). */
    private static byte[] curve(byte[] ec) throws GeneralSecurityException {
        for (int i = 0; i + 4 < ec.length; i++) {
            if ((ec[i] & 0xff) == 0xa0 && ec[i + 2] == 0x06 && ec[i + 1] == ec[i + 3] + 2) {
                byte[] oid = new byte[ec[i + 1]];
                System.arraycopy(ec, i + 2, oid, 0, oid.length);
                return oid;
            }
        }
        throw new GeneralSecurityException("the EC key does not name its curve; write it as PKCS #8 (openssl pkey)");
    }

    private static byte[] wrap(byte[] algorithm, byte[] key) {
        return sequence(join(new byte[] {2, 1, 0}, join(algorithm, tagged(0x04, key))));
    }

    private static byte[] sequence(byte[] content) {
        return tagged(0x30, content);
    }

    private static byte[] tagged(int tag, byte[] content) {
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else if (content.length < 0x100) {
            out.write(0x81);
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        try {
            out.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] joined = java.util.Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        return joined;
    }
}
