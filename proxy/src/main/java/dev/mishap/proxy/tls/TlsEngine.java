package dev.mishap.proxy.tls;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslProvider;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/** What does the cryptography: BoringSSL, where its native library loads, or the JDK. */
enum TlsEngine {
    BORINGSSL(SslProvider.OPENSSL_REFCNT),
    JDK(SslProvider.JDK);

    private final SslProvider provider;

    TlsEngine(SslProvider provider) {
        this.provider = provider;
    }

    /**
     * BoringSSL where it can be had. The system property {@code mishap.tls.engine=jdk} asks for the JDK's, which is slower, for
     * machines where the native library is not welcome.
     */
    static TlsEngine best() {
        return !"jdk".equalsIgnoreCase(System.getProperty("mishap.tls.engine")) && OpenSsl.isAvailable()
                ? BORINGSSL
                : JDK;
    }

    SslProvider provider() {
        return provider;
    }

    /** As the log calls it. */
    String description() {
        if (this == BORINGSSL) {
            return String.valueOf(OpenSsl.versionString());
        }
        Throwable cause = OpenSsl.unavailabilityCause();
        return "the JDK " + Runtime.version().feature()
                + (cause == null ? "" : " (BoringSSL's library can't be loaded: " + cause.getMessage() + ")");
    }

    static boolean usesOpenSsl(@Nullable SSLEngine engine) {
        return engine instanceof ReferenceCountedOpenSslEngine;
    }
}
