package dev.mishap.control.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@EnabledIf("dev.mishap.control.security.Certificates#available")
class TlsFilesTest {
    private static final List<String> EC = List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");

    @TempDir
    private Path dir;

    private Certificates certificates;

    @BeforeEach
    void certificates() {
        certificates = new Certificates(dir);
    }

    private String presented(TlsFiles files, String authority) throws Exception {
        SSLContext client = SSLContext.getInstance("TLS");
        client.init(null, new TrustManager[] {TlsFiles.trust(certificates.file(authority))}, null);
        try (SSLServerSocket server =
                (SSLServerSocket) files.context().getServerSocketFactory().createServerSocket(0)) {
            Thread accepting = new Thread(() -> {
                try (SSLSocket socket = (SSLSocket) server.accept()) {
                    socket.startHandshake();
                    socket.getInputStream().read();
                } catch (IOException e) {
                    // The client tells.
                }
            });
            accepting.start();
            try (SSLSocket socket =
                    (SSLSocket) client.getSocketFactory().createSocket("127.0.0.1", server.getLocalPort())) {
                socket.startHandshake();
                return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
                        .getSubjectX500Principal()
                        .getName();
            } finally {
                accepting.join(10_000);
            }
        }
    }

    @Test
    void aChangedCertificateIsServedAndABadOneIsNot() throws Exception {
        certificates.selfSigned("one", EC, "DNS:localhost");
        certificates.selfSigned("two", List.of("-newkey", "rsa:2048"), "DNS:localhost");
        Files.copy(certificates.file("one.crt"), certificates.file("server.crt"));
        Files.copy(certificates.file("one.key"), certificates.file("server.key"));
        try (TlsFiles files = TlsFiles.read(certificates.file("server.crt"), certificates.file("server.key"), null)) {
            assertThat(presented(files, "one.crt")).isEqualTo("CN=one");
            assertThat(files.reload()).isFalse();
            // Half of a change: the key does not belong to the certificate.
            Files.copy(
                    certificates.file("two.crt"), certificates.file("server.crt"), StandardCopyOption.REPLACE_EXISTING);
            assertThat(files.reload()).isFalse();
            assertThat(presented(files, "one.crt")).isEqualTo("CN=one");
            Files.copy(
                    certificates.file("two.key"), certificates.file("server.key"), StandardCopyOption.REPLACE_EXISTING);
            assertThat(files.reload()).isTrue();
            assertThat(presented(files, "two.crt")).isEqualTo("CN=two");
            Files.writeString(certificates.file("server.crt"), "nonsense");
            assertThat(files.reload()).isFalse();
            assertThat(presented(files, "two.crt")).isEqualTo("CN=two");
        }
    }

    @Test
    void olderFormsOfKeysAreRead() {
        certificates.selfSigned("ec", EC, "DNS:a");
        certificates.run(List.of("openssl", "ec", "-in", file("ec.key"), "-out", file("ec-sec1.key")));
        certificates.selfSigned("rsa", List.of("-newkey", "rsa:2048"), "DNS:a");
        certificates.run(
                List.of("openssl", "rsa", "-traditional", "-in", file("rsa.key"), "-out", file("rsa-pkcs1.key")));
        certificates.selfSigned("ed", List.of("-newkey", "ed25519"), "DNS:a");
        for (String pair : List.of("ec ec-sec1", "rsa rsa-pkcs1", "ed ed", "rsa rsa", "ec ec")) {
            String[] names = pair.split(" ");
            assertThat(read(names[0] + ".crt", names[1] + ".key")).as(pair).isNull();
        }
    }

    private String file(String name) {
        return certificates.file(name).toString();
    }

    private Throwable read(String certificate, String key) {
        try (TlsFiles files = TlsFiles.read(certificates.file(certificate), certificates.file(key), null)) {
            assertThat(files.asksClients()).isFalse();
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    @Test
    void whatCannotBeUsedIsNamed() throws IOException {
        certificates.selfSigned("a", EC, "DNS:a");
        certificates.selfSigned("b", EC, "DNS:b");
        certificates.run(List.of(
                "openssl", "pkey", "-in", file("a.key"), "-aes128", "-passout", "pass:x", "-out", file("enc.key")));
        Files.writeString(certificates.file("empty"), "");
        assertThat(read("none.crt", "a.key")).hasMessageContaining("none.crt: no such file");
        assertThat(read("a.crt", "b.key")).hasMessageContaining("not that of the first certificate");
        assertThat(read("a.crt", "enc.key")).hasMessageContaining("enc.key: the key is encrypted");
        assertThat(read("a.crt", "empty")).hasMessageContaining("empty: holds no private key");
        assertThat(read("empty", "a.key")).hasMessageContaining("empty: holds no certificate");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "DNS:node-1|-|node-1|shop|default|true",
                "DNS:shop|-|node-1|shop|default|true",
                "DNS:shop|-|node-1|pay|default|false",
                "URI:spiffe://example.org/ns/eu/sa/pay|spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}.{ns}|x|pay.eu|eu|true",
                "URI:spiffe://example.org/ns/eu/sa/pay|spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}.{ns}|x|pay.us|eu|false",
                "URI:spiffe://example.org/ns/eu/sa/pay|spiffe://example.org/ns/{ns}/sa/{sa} => id=sidecar~*~*.{ns}~*|sidecar~10.0.0.1~p.eu~eu.svc|c|eu|true",
                "URI:spiffe://example.org/ns/eu/sa/pay|spiffe://example.org/ns/{ns}/sa/{sa} => id=sidecar~*~*.{ns}~*|sidecar~10.0.0.1~p.us~us.svc|c|eu|false",
                "URI:spiffe://evil.org/ns/eu/sa/pay|spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}.{ns}|x|pay.eu|eu|false",
                "URI:spiffe://example.org/ns/eu/sa/pay/x|spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}.{ns}|x|pay/x.eu|eu|false",
                "DNS:pay|pay => cluster=pay,id=n-*|n-1|pay|default|true",
                "DNS:pay|pay => cluster=pay,id=n-*|m-1|pay|default|false",
                // A node does not choose its namespace: without a word of the certificate or a mapping it is the
                // default one.
                "DNS:shop|-|node-1|shop|prod|false",
                "DNS:shop|shop => cluster=shop, namespace=prod|node-1|shop|prod|true",
                "DNS:shop|shop => cluster=shop, namespace=prod|node-1|shop|default|false",
                "DNS:shop|shop => cluster=shop, namespace=team-*|node-1|shop|team-a|true",
                "DNS:shop|shop => cluster=shop, namespace=*|node-1|shop|prod|true",
                "URI:spiffe://example.org/ns/eu/sa/pay|spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}|x|pay|eu|true",
                "URI:spiffe://example.org/ns/eu/sa/pay|spiffe://example.org/ns/{ns}/sa/{sa} => cluster={sa}|x|pay|us|false",
                "URI:spiffe://example.org/ns/eu/sa/pay|spiffe://example.org/ns/{n}/sa/{sa} => cluster={sa}, namespace=t-{n}|x|pay|t-eu|true",
                // One name is one thing, and what a certificate says is no template.
                "DNS:a.b|{x}.{x} => cluster={x}|n|b|default|false",
                "DNS:a.a|{x}.{x} => cluster={x}|n|a|default|true",
                "DNS:aa.aab|{x}.{x}{y} => cluster={x}-{y}|n|aa-b|default|true",
                "URI:spiffe://e/ns/{sa}/sa/pay|spiffe://e/ns/{ns}/sa/{sa} => cluster={ns}|n|pay|{sa}|false",
            })
    void aCertificateSpeaksForItsNode(
            String san, String mapping, String id, String cluster, String namespace, boolean allowed) throws Exception {
        certificates.selfSigned("node", EC, san);
        X509Certificate certificate = Pem.certificates(Files.readAllBytes(certificates.file("node.crt")))
                .get(0);
        NodeAuthorizer authorizer = NodeAuthorizer.certificates(mapping == null ? List.of() : List.of(mapping));
        String refusal = authorizer.refusal(List.of(certificate), id, cluster, namespace);
        assertThat(refusal == null).as(String.valueOf(refusal)).isEqualTo(allowed);
        assertThat(authorizer.refusal(List.of(), id, cluster, namespace)).contains("needs a certificate");
        assertThat(NodeAuthorizer.ANYONE.refusal(List.of(), id, cluster, namespace))
                .isNull();
    }

    @Test
    void aMappingThatIsNoneIsRefused() {
        assertThatThrownBy(() -> NodeAuthorizer.certificates(List.of("a -> b"))).hasMessageContaining("=> cluster=");
        assertThatThrownBy(() -> NodeAuthorizer.certificates(List.of("a => b"))).hasMessageContaining("=> cluster=");
        assertThatThrownBy(() -> NodeAuthorizer.certificates(List.of("a => namespace=b")))
                .hasMessageContaining("the first or the second");
        assertThatThrownBy(() -> NodeAuthorizer.certificates(List.of("a.{b} => cluster={c}")))
                .hasMessageContaining("{c} stands for nothing");
        for (String braces : List.of("a.{b => cluster=b", "{} => id=x", "{a} => id=}", "{a{b}} => id={b}")) {
            assertThatThrownBy(() -> NodeAuthorizer.certificates(List.of(braces)))
                    .as(braces)
                    .hasMessageContaining("expected braces around a name");
        }
    }
}
