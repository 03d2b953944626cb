package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.filter.http.HttpFilterExtension;
import dev.mishap.proxy.filter.http.admissioncontrol.AdmissionControlExtension;
import dev.mishap.proxy.filter.http.apikeyauth.ApiKeyAuthExtension;
import dev.mishap.proxy.filter.http.bandwidthlimit.BandwidthLimitExtension;
import dev.mishap.proxy.filter.http.basicauth.BasicAuthExtension;
import dev.mishap.proxy.filter.http.buffer.BufferExtension;
import dev.mishap.proxy.filter.http.cdnloop.CdnLoopExtension;
import dev.mishap.proxy.filter.http.compressor.CompressorExtension;
import dev.mishap.proxy.filter.http.cors.CorsExtension;
import dev.mishap.proxy.filter.http.credentialinjector.CredentialInjectorExtension;
import dev.mishap.proxy.filter.http.csrf.CsrfExtension;
import dev.mishap.proxy.filter.http.customresponse.CustomResponseExtension;
import dev.mishap.proxy.filter.http.decompressor.DecompressorExtension;
import dev.mishap.proxy.filter.http.dynamicforward.DynamicForwardExtension;
import dev.mishap.proxy.filter.http.extauthz.ExtAuthzExtension;
import dev.mishap.proxy.filter.http.extproc.ExtProcExtension;
import dev.mishap.proxy.filter.http.fault.FaultExtension;
import dev.mishap.proxy.filter.http.grpchttp1bridge.GrpcHttp1BridgeExtension;
import dev.mishap.proxy.filter.http.grpcstats.GrpcStatsExtension;
import dev.mishap.proxy.filter.http.grpcweb.GrpcWebExtension;
import dev.mishap.proxy.filter.http.headermutation.HeaderMutationExtension;
import dev.mishap.proxy.filter.http.headertometadata.HeaderToMetadataExtension;
import dev.mishap.proxy.filter.http.healthcheck.HealthCheckExtension;
import dev.mishap.proxy.filter.http.jwtauthn.JwtAuthnExtension;
import dev.mishap.proxy.filter.http.localratelimit.LocalRateLimitExtension;
import dev.mishap.proxy.filter.http.mishap.HttpFaultExtension;
import dev.mishap.proxy.filter.http.ondemand.OnDemandExtension;
import dev.mishap.proxy.filter.http.ratelimit.RateLimitExtension;
import dev.mishap.proxy.filter.http.rbac.RbacExtension;
import dev.mishap.proxy.filter.http.router.RouterExtension;
import dev.mishap.proxy.filter.http.setfilterstate.SetFilterStateExtension;
import dev.mishap.proxy.filter.http.setmetadata.SetMetadataExtension;
import dev.mishap.proxy.filter.http.statefulsession.StatefulSessionExtension;
import dev.mishap.proxy.filter.istio.IstioHttpFilter;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The HTTP filters that are built in. To add one, add a line to {@link #OWN}. */
public final class HttpFilters {
    private static final List<HttpFilterExtension> OWN = List.of(
            new FaultExtension(),
            new HttpFaultExtension(),
            new RouterExtension(),
            new HeaderMutationExtension(),
            new BufferExtension(),
            new CorsExtension(),
            new CustomResponseExtension(),
            new HealthCheckExtension(),
            new ExtAuthzExtension(),
            new BandwidthLimitExtension(),
            new JwtAuthnExtension(),
            new CompressorExtension(),
            new DecompressorExtension(),
            new GrpcStatsExtension(),
            new GrpcWebExtension(),
            new GrpcHttp1BridgeExtension(),
            new RbacExtension(),
            new SetMetadataExtension(),
            new SetFilterStateExtension(),
            new HeaderToMetadataExtension(),
            new LocalRateLimitExtension(),
            new OnDemandExtension(),
            new DynamicForwardExtension(),
            new RateLimitExtension(),
            new BasicAuthExtension(),
            new CredentialInjectorExtension(),
            new StatefulSessionExtension(),
            new ExtProcExtension(),
            new ApiKeyAuthExtension(),
            new CdnLoopExtension(),
            new CsrfExtension(),
            new AdmissionControlExtension());

    private static final List<HttpFilterExtension> ALL =
            Stream.concat(OWN.stream(), IstioHttpFilter.ALL.stream()).toList();

    private HttpFilters() {}

    /** All filters, in the order of the list. */
    public static List<HttpFilterExtension> all() {
        return ALL;
    }

    /** The filter whose configuration is the message {@code messageName}, or null. Envoy finds filters by type, not by name. */
    public static @Nullable HttpFilterExtension byType(String messageName) {
        for (HttpFilterExtension extension : ALL) {
            if (extension.typeUrl().equals(messageName)) {
                return extension;
            }
        }
        return null;
    }

    /** The filter that takes per-route configurations of the message {@code messageName}, or null. */
    public static @Nullable HttpFilterExtension byPerRouteType(String messageName) {
        for (HttpFilterExtension extension : ALL) {
            if (extension.takesPerRoute(messageName)) {
                return extension;
            }
        }
        return null;
    }
}
