package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/** What is supported of the messages of TLS. */
public final class TlsFields {
    private static final String TLS = "envoy.extensions.transport_sockets.tls.v3.";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TLS + "DownstreamTlsContext")
                    .supported(
                            "common_tls_context",
                            "require_client_certificate",
                            "session_ticket_keys",
                            "session_ticket_keys_sds_secret_config",
                            "disable_stateless_session_resumption",
                            "disable_stateful_session_resumption",
                            "session_timeout",
                            "full_scan_certs_on_sni_mismatch",
                            "prefer_client_ciphers")
                    .supported("ocsp_staple_policy")
                    .accepted("require_sni", "Envoy reads it and requires nothing, too"),
            SupportedFields.of(TLS + "UpstreamTlsContext")
                    .supported("common_tls_context", "sni", "auto_host_sni", "auto_sni_san_validation")
                    .supported("max_session_keys", "enforce_rsa_key_usage")
                    .refused(
                            "allow_renegotiation",
                            "BoringSSL refuses a server that renegotiates, and netty-tcnative has no way to allow it"),
            SupportedFields.of(TLS + "CommonTlsContext")
                    .supported(
                            "tls_params",
                            "tls_certificates",
                            "tls_certificate_sds_secret_configs",
                            "validation_context",
                            "validation_context_sds_secret_config",
                            "combined_validation_context",
                            "alpn_protocols",
                            "key_log"),
            SupportedFields.of(TLS + "TlsKeyLog").supported("path", "local_address_range", "remote_address_range"),
            SupportedFields.of(TLS + "CommonTlsContext.CombinedCertificateValidationContext")
                    .supported("default_validation_context", "validation_context_sds_secret_config"),
            SupportedFields.of(TLS + "TlsParameters")
                    .supported(
                            "tls_minimum_protocol_version",
                            "tls_maximum_protocol_version",
                            "cipher_suites",
                            "ecdh_curves")
                    .refused(
                            "signature_algorithms",
                            "netty-tcnative has no way to set them in BoringSSL; without the field its defaults hold")
                    .refused(
                            "compliance_policies",
                            "netty-tcnative has no way to choose TLS 1.3's ciphers and the signature algorithms in"
                                    + " BoringSSL, which they are about"),
            SupportedFields.of(TLS + "TlsCertificate")
                    .supported("certificate_chain", "private_key", "pkcs12", "password", "watched_directory")
                    .supported("ocsp_staple")
                    .accepted("signed_certificate_timestamp", "Envoy reads it and shows it to nobody, too"),
            SupportedFields.of(TLS + "TlsSessionTicketKeys").supported("keys"),
            SupportedFields.of(TLS + "CertificateValidationContext")
                    .supported(
                            "trusted_ca",
                            "watched_directory",
                            "system_root_certs",
                            "verify_certificate_spki",
                            "verify_certificate_hash",
                            "match_typed_subject_alt_names",
                            "match_subject_alt_names",
                            "crl",
                            "allow_expired_certificate",
                            "trust_chain_verification")
                    .supported("only_verify_leaf_cert_crl", "max_verify_depth", "custom_validator_config")
                    .accepted("require_signed_certificate_timestamp", "Envoy reads it and requires none, too"),
            SupportedFields.of(TrustDomains.MESSAGE).supported("trust_domains", "trust_bundles"),
            SupportedFields.of(TrustDomains.MESSAGE + ".TrustDomain").supported("name", "trust_bundle"),
            SupportedFields.of(TLS + "CertificateValidationContext.SystemRootCerts"),
            SupportedFields.of(TLS + "SubjectAltNameMatcher").supported("san_type", "matcher", "oid"),
            SupportedFields.of(TLS + "SdsSecretConfig").supported("name", "sds_config"),
            SupportedFields.of(TLS + "Secret")
                    .supported(
                            "name", "tls_certificate", "session_ticket_keys", "validation_context", "generic_secret"),
            SupportedFields.of(TLS + "GenericSecret").supported("secret"));

    private TlsFields() {}
}
