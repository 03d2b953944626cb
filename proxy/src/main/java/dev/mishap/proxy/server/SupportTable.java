package dev.mishap.proxy.server;

import dev.mishap.proxy.cluster.ClusterTransports;
import dev.mishap.proxy.cluster.UpstreamHttpTranslator;
import dev.mishap.proxy.cluster.config.BindTranslator;
import dev.mishap.proxy.cluster.config.ClusterTranslator;
import dev.mishap.proxy.cluster.discovery.ClusterTypes;
import dev.mishap.proxy.cluster.health.HealthCheckConfig;
import dev.mishap.proxy.cluster.lb.LbFields;
import dev.mishap.proxy.cluster.outlier.OutlierConfig;
import dev.mishap.proxy.config.CommonFields;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.common.filterstate.FilterStateUpdates;
import dev.mishap.proxy.filter.common.rbac.RbacEngine;
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
import dev.mishap.proxy.filter.istio.IstioFilters;
import dev.mishap.proxy.filter.listener.httpinspector.HttpInspectorExtension;
import dev.mishap.proxy.filter.listener.localratelimit.ListenerRateLimitExtension;
import dev.mishap.proxy.filter.listener.originaldst.OriginalDstExtension;
import dev.mishap.proxy.filter.listener.originalsrc.OriginalSrcExtension;
import dev.mishap.proxy.filter.listener.proxyprotocol.ProxyProtocolExtension;
import dev.mishap.proxy.filter.listener.tlsinspector.TlsInspectorExtension;
import dev.mishap.proxy.filter.network.connectionlimit.ConnectionLimitExtension;
import dev.mishap.proxy.filter.network.directresponse.DirectResponseExtension;
import dev.mishap.proxy.filter.network.echo.EchoExtension;
import dev.mishap.proxy.filter.network.hcm.HttpConnectionManagerFields;
import dev.mishap.proxy.filter.network.hcm.UpstreamHttpFilters;
import dev.mishap.proxy.filter.network.localratelimit.NetworkLocalRateLimitExtension;
import dev.mishap.proxy.filter.network.mishap.NetworkFaultExtension;
import dev.mishap.proxy.filter.network.rbac.NetworkRbacExtension;
import dev.mishap.proxy.filter.network.setfilterstate.NetworkSetFilterStateExtension;
import dev.mishap.proxy.filter.network.snicluster.SniClusterExtension;
import dev.mishap.proxy.filter.network.tcpproxy.TcpProxyExtension;
import dev.mishap.proxy.filter.udp.dnsfilter.DnsFilterExtension;
import dev.mishap.proxy.filter.udp.dnsproxy.DnsProxyExtension;
import dev.mishap.proxy.listener.ListenerConfig;
import dev.mishap.proxy.observe.als.GrpcAccessLogs;
import dev.mishap.proxy.observe.als.OtlpAccessLogs;
import dev.mishap.proxy.observe.log.AccessLogFilter;
import dev.mishap.proxy.observe.log.AccessLogs;
import dev.mishap.proxy.observe.log.LogFormat;
import dev.mishap.proxy.observe.sink.StatsSinks;
import dev.mishap.proxy.observe.trace.TracingConfig;
import dev.mishap.proxy.overload.OverloadManager;
import dev.mishap.proxy.route.RouteFields;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import dev.mishap.proxy.rules.config.ClusterFaultConfig;
import dev.mishap.proxy.rules.config.DiscoveredRules;
import dev.mishap.proxy.rules.config.RuleConfig;
import dev.mishap.proxy.runtime.RuntimeLoader;
import dev.mishap.proxy.tls.TlsFields;
import dev.mishap.proxy.transport.internal.InternalUpstreamTransport;
import dev.mishap.proxy.transport.proxyprotocol.ProxyProtocolTransport;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.HttpUri;
import dev.mishap.proxy.xds.ConfigSourceFields;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Every message that a configuration may contain, as its translator declares it. The loader refuses what is not here, and
 * docs/envoy-compatibility.md is made from it. A translator adds its lists by one line.
 */
public final class SupportTable {
    private static final Map<String, SupportedFields> ALL = index();

    private SupportTable() {}

    private static List<List<SupportedFields>> lists() {
        // One line per translator, in the order of the documentation.
        List<List<SupportedFields>> lists = new ArrayList<>();
        lists.add(BootstrapFields.FIELDS);
        lists.add(OverloadManager.FIELDS);
        lists.add(ConfigSourceFields.FIELDS);
        lists.add(ListenerConfig.FIELDS);
        lists.add(OriginalDstExtension.FIELDS);
        lists.add(OriginalSrcExtension.FIELDS);
        lists.add(TlsInspectorExtension.FIELDS);
        lists.add(HttpInspectorExtension.FIELDS);
        lists.add(ProxyProtocolExtension.FIELDS);
        lists.add(ListenerRateLimitExtension.FIELDS);
        lists.add(DnsFilterExtension.FIELDS);
        lists.add(DnsProxyExtension.FIELDS);
        lists.add(HttpConnectionManagerFields.FIELDS);
        lists.add(HttpConnectionManagerFields.ORIGINAL_IP);
        lists.add(TcpProxyExtension.FIELDS);
        lists.add(ProxyProtocolTransport.FIELDS);
        lists.add(InternalUpstreamTransport.FIELDS);
        lists.add(DirectResponseExtension.FIELDS);
        lists.add(EchoExtension.FIELDS);
        lists.add(ConnectionLimitExtension.FIELDS);
        lists.add(SniClusterExtension.FIELDS);
        lists.add(NetworkSetFilterStateExtension.FIELDS);
        lists.add(NetworkFaultExtension.FIELDS);
        lists.add(NetworkRbacExtension.FIELDS);
        lists.add(NetworkLocalRateLimitExtension.FIELDS);
        lists.add(CommonFields.FIELDS);
        lists.add(ClusterTranslator.FIELDS);
        lists.add(BindTranslator.FIELDS);
        lists.add(UpstreamHttpTranslator.FIELDS);
        lists.add(List.of(UpstreamHttpFilters.FIELDS));
        lists.add(ClusterFaultConfig.FIELDS);
        lists.add(ClusterTypes.fields());
        lists.add(LbFields.ALL);
        lists.add(ClusterTransports.FIELDS);
        lists.add(TlsFields.FIELDS);
        lists.add(OutlierConfig.FIELDS);
        lists.add(HealthCheckConfig.FIELDS);
        lists.add(RouteFields.ALL);
        lists.add(FaultExtension.FIELDS);
        lists.add(HttpFaultExtension.FIELDS);
        lists.add(RuleConfig.FIELDS);
        lists.add(DiscoveredRules.FIELDS);
        lists.add(RouterExtension.FIELDS);
        lists.add(HeaderMutationExtension.FIELDS);
        lists.add(BufferExtension.FIELDS);
        lists.add(CorsExtension.FIELDS);
        lists.add(HealthCheckExtension.FIELDS);
        lists.add(DynamicForwardExtension.FIELDS);
        lists.add(ExtAuthzExtension.FIELDS);
        lists.add(SetMetadataExtension.FIELDS);
        lists.add(SetFilterStateExtension.FIELDS);
        lists.add(AdmissionControlExtension.FIELDS);
        lists.add(CustomResponseExtension.FIELDS);
        lists.add(FilterStateUpdates.FIELDS);
        lists.add(HeaderToMetadataExtension.FIELDS);
        lists.add(BandwidthLimitExtension.FIELDS);
        lists.add(JwtAuthnExtension.FIELDS);
        lists.add(GrpcStatsExtension.FIELDS);
        lists.add(GrpcWebExtension.FIELDS);
        lists.add(GrpcHttp1BridgeExtension.FIELDS);
        lists.add(CompressorExtension.FIELDS);
        lists.add(DecompressorExtension.FIELDS);
        lists.add(RbacExtension.FIELDS);
        lists.add(LocalRateLimitExtension.FIELDS);
        lists.add(RateLimitExtension.FIELDS);
        lists.add(BasicAuthExtension.FIELDS);
        lists.add(CredentialInjectorExtension.FIELDS);
        lists.add(StatefulSessionExtension.FIELDS);
        lists.add(ExtProcExtension.FIELDS);
        lists.add(ApiKeyAuthExtension.FIELDS);
        lists.add(CdnLoopExtension.FIELDS);
        lists.add(CsrfExtension.FIELDS);
        lists.add(OnDemandExtension.FIELDS);
        lists.add(IstioFilters.FIELDS);
        lists.add(AccessLogFilter.FIELDS);
        lists.add(AccessLogs.FIELDS);
        lists.add(LogFormat.FIELDS);
        lists.add(GrpcAccessLogs.FIELDS);
        lists.add(OtlpAccessLogs.FIELDS);
        lists.add(RateLimitPolicy.FIELDS);
        lists.add(RbacEngine.FIELDS);
        lists.add(RuntimeLoader.FIELDS);
        lists.add(StatsConfig.FIELDS);
        lists.add(TracingConfig.FIELDS);
        lists.add(StatsSinks.FIELDS);
        lists.add(GrpcService.FIELDS);
        lists.add(HttpUri.FIELDS);
        return lists;
    }

    /** By full message name. */
    public static Map<String, SupportedFields> all() {
        return ALL;
    }

    private static Map<String, SupportedFields> index() {
        Map<String, SupportedFields> index = new HashMap<>();
        for (List<SupportedFields> list : lists()) {
            for (SupportedFields fields : list) {
                if (index.put(fields.message(), fields) != null) {
                    throw new IllegalStateException(fields.message() + " is listed twice");
                }
            }
        }
        return index;
    }

    /** The lists in the order of the documentation. */
    static List<SupportedFields> inOrder() {
        List<SupportedFields> all = new ArrayList<>();
        lists().forEach(all::addAll);
        return all;
    }
}
