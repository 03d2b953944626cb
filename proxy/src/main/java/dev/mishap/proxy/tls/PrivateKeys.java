package dev.mishap.proxy.tls;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.IllegalBlockSizeException;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Private keys from PEM: PKCS#8, PKCS#1 (RSA), SEC 1 (EC); each plain or encrypted, as OpenSSL writes them. */
final class PrivateKeys {
    private static final List<String> LABELS =
            List.of("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY");
    private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");
    private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");
    private static final byte[] VERSION_0 = {Der.INTEGER, 1, 0};

    private PrivateKeys() {}

    /** A key that can't be read; the message is what BoringSSL calls the problem. */
    static final class KeyProblem extends Exception {
        private static final long serialVersionUID = 1L;

        KeyProblem(String message) {
            super(message, null, false, false);
        }
    }

    static PrivateKey parse(byte[] pem, String password) throws KeyProblem {
        try {
            Pem.Block block = Pem.first(pem, LABELS);
            if (block == null) {
                throw new KeyProblem("error:0900006e:PEM routines:OPENSSL_internal:NO_START_LINE");
            }
            byte[] bytes = block.bytes();
            String info = block.headers().get("DEK-Info");
            if (info != null || block.label().equals("ENCRYPTED PRIVATE KEY")) {
                if (password.isEmpty()) {
                    throw new KeyProblem("error:09000068:PEM routines:OPENSSL_internal:BAD_PASSWORD_READ");
                }
                bytes = info == null ? decryptPkcs8(bytes, password) : decryptTraditional(bytes, info, password);
            }
            return switch (block.label()) {
                case "RSA PRIVATE KEY" -> key("RSA", Der.of(Der.SEQUENCE, VERSION_0, RSA, Der.of(Der.OCTETS, bytes)));
                case "EC PRIVATE KEY" -> key("EC", sec1(bytes));
                default -> key(algorithm(bytes), bytes);
            };
        } catch (BadPaddingException | IllegalBlockSizeException e) {
            throw new KeyProblem("error:1e000065:Cipher functions:OPENSSL_internal:BAD_DECRYPT");
        } catch (GeneralSecurityException | java.io.IOException | IllegalArgumentException e) {
            throw new KeyProblem("error:0c0000a8:ASN.1 encoding routines:OPENSSL_internal:DECODE_ERROR");
        }
    }

    private static PrivateKey key(String algorithm, byte[] pkcs8) throws GeneralSecurityException {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    }

    private static String algorithm(byte[] pkcs8) throws GeneralSecurityException {
        Der key = new Der(pkcs8).next(Der.SEQUENCE);
        key.next(Der.INTEGER);
        String oid = key.next(Der.SEQUENCE).next(Der.OID).oid();
        return switch (oid) {
            case "1.2.840.113549.1.1.1" -> "RSA";
            case "1.2.840.10045.2.1" -> "EC";
            case "1.3.101.112" -> "Ed25519";
            default -> throw new java.security.NoSuchAlgorithmException(oid);
        };
    }

    /** RFC 5915: the curve stands in the key and must be moved to the algorithm. */
    private static byte[] sec1(byte[] bytes) {
        Der key = new Der(bytes).next(Der.SEQUENCE);
        key.next(Der.INTEGER);
        key.next(Der.OCTETS);
        byte @Nullable [] curve = null;
        while (key.hasMore()) {
            boolean parameters = key.tag() == 0xa0;
            Der element = key.next();
            if (parameters) {
                curve = element.rest();
            }
        }
        if (curve == null) {
            throw new IllegalArgumentException("an EC key without its curve");
        }
        return Der.of(Der.SEQUENCE, VERSION_0, Der.of(Der.SEQUENCE, EC, curve), Der.of(Der.OCTETS, bytes));
    }

    private static byte[] decryptPkcs8(byte[] bytes, String password)
            throws GeneralSecurityException, java.io.IOException {
        EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(bytes);
        // PBES2 is only a frame; the name of what is in it is what its parameters print.
        String name = info.getAlgName().equals("PBES2") || info.getAlgName().equals("1.2.840.113549.1.5.13")
                ? info.getAlgParameters().toString()
                : info.getAlgName();
        PBEKeySpec spec = new PBEKeySpec(password.toCharArray());
        Cipher cipher = Cipher.getInstance(name);
        cipher.init(
                Cipher.DECRYPT_MODE, SecretKeyFactory.getInstance(name).generateSecret(spec), info.getAlgParameters());
        return cipher.doFinal(info.getEncryptedData());
    }

    /** What {@code openssl rsa -aes128 -traditional} writes: the key is made from the password by MD5 (EVP_BytesToKey). */
    private static byte[] decryptTraditional(byte[] bytes, String info, String password)
            throws GeneralSecurityException {
        int comma = info.indexOf(',');
        if (comma < 0) {
            throw new IllegalArgumentException("DEK-Info without an initialization vector");
        }
        String name = info.substring(0, comma);
        byte[] iv = HexFormat.of().parseHex(info.substring(comma + 1).strip());
        boolean aes = name.startsWith("AES-");
        int length = switch (name) {
            case "AES-128-CBC" -> 16;
            case "AES-192-CBC", "DES-EDE3-CBC" -> 24;
            case "AES-256-CBC" -> 32;
            default -> throw new IllegalArgumentException("unknown cipher " + name);
        };
        MessageDigest md5 = MessageDigest.getInstance("MD5");
        byte[] key = new byte[0];
        byte[] last = new byte[0];
        while (key.length < length) {
            md5.update(last);
            md5.update(password.getBytes(StandardCharsets.UTF_8));
            md5.update(iv, 0, 8);
            last = md5.digest();
            int old = key.length;
            key = Arrays.copyOf(key, old + last.length);
            System.arraycopy(last, 0, key, old, last.length);
        }
        Cipher cipher = Cipher.getInstance(aes ? "AES/CBC/PKCS5Padding" : "DESede/CBC/PKCS5Padding");
        cipher.init(
                Cipher.DECRYPT_MODE,
                new SecretKeySpec(Arrays.copyOf(key, length), aes ? "AES" : "DESede"),
                new IvParameterSpec(iv));
        return cipher.doFinal(bytes);
    }

    /** Null when {@code key} belongs to {@code certified}, else what BoringSSL says. */
    static @Nullable String mismatch(PrivateKey key, java.security.PublicKey certified) {
        if (!key.getAlgorithm().equals(certified.getAlgorithm())
                && !(key.getAlgorithm().startsWith("Ed")
                        && certified.getAlgorithm().startsWith("Ed"))) {
            return "error:0b000073:X.509 certificate routines:OPENSSL_internal:KEY_TYPE_MISMATCH";
        }
        if (matches(key, certified)) {
            return null;
        }
        return "error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH";
    }

    private static boolean matches(PrivateKey key, java.security.PublicKey certified) {
        if (key instanceof java.security.interfaces.RSAPrivateKey mine
                && certified instanceof java.security.interfaces.RSAPublicKey theirs) {
            BigInteger modulus = mine.getModulus();
            return modulus.equals(theirs.getModulus());
        }
        try {
            java.security.Signature signature = java.security.Signature.getInstance(
                    key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : key.getAlgorithm());
            signature.initSign(key);
            signature.update(VERSION_0);
            byte[] signed = signature.sign();
            signature.initVerify(certified);
            signature.update(VERSION_0);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
