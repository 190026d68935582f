import com.netflix.appinfo.ApplicationInfoManager;
import com.netflix.appinfo.EurekaClientIdentity;
import com.netflix.appinfo.InstanceInfo;
import com.netflix.appinfo.InstanceInfo.InstanceStatus;
import com.netflix.appinfo.MyDataCenterInstanceConfig;
import com.netflix.appinfo.providers.EurekaConfigBasedInstanceInfoProvider;
import com.netflix.config.ConfigurationManager;
import com.netflix.discovery.DefaultEurekaClientConfig;
import com.netflix.discovery.DiscoveryClient;
import com.netflix.discovery.converters.wrappers.CodecWrapper;
import com.netflix.discovery.converters.wrappers.CodecWrappers;
import com.netflix.discovery.shared.Application;
import com.netflix.discovery.shared.Applications;
import com.netflix.discovery.shared.resolver.DefaultEndpoint;
import com.netflix.discovery.shared.transport.EurekaHttpClient;
import com.netflix.discovery.shared.transport.EurekaHttpResponse;
import com.netflix.discovery.shared.transport.jersey.JerseyEurekaHttpClientFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.function.BooleanSupplier;

/**
 * Netflix's own client against the registry at the URL of its first argument: first each operation by itself, with
 * each of its codecs, then the client as services run it. Ends with an error where it does not understand an answer.
 */
public final class NetflixClient {
    public static void main(String[] arguments) throws Exception {
        set("eureka.serviceUrl.default", arguments[0]);
        set("eureka.region", "default");
        set("eureka.name", "orders");
        set("eureka.port", "8080");
        set("eureka.securePort", "8443");
        set("eureka.securePort.enabled", "true");
        set("eureka.vipAddress", "orders,shop");
        set("eureka.secureVipAddress", "orders-secure");
        set("eureka.metadata.zone_name", "a <b> & \"c\"");
        set("eureka.lease.renewalInterval", "1");
        set("eureka.lease.duration", "60");
        set("eureka.client.refresh.interval", "1");
        set("eureka.appinfo.initial.replicate.time", "0");
        set("eureka.appinfo.replicate.interval", "1");
        operations(arguments[0], "JacksonJson");
        operations(arguments[0], "XStreamJson");
        inXml(arguments[0], "XStreamXml");
        lifetime();
        System.exit(0);
    }

    private static void set(String name, String value) {
        ConfigurationManager.getConfigInstance().setProperty(name, value);
    }

    private static MyDataCenterInstanceConfig instanceConfig(String name) {
        return new MyDataCenterInstanceConfig() {
            @Override
            public String getInstanceId() {
                return "127.0.0.1:" + name + ":8080";
            }

            @Override
            public String getHostName(boolean refresh) {
                return "127.0.0.1";
            }

            @Override
            public String getIpAddress() {
                return "127.0.0.1";
            }
        };
    }

    /** Every operation of the protocol, one after the other. */
    private static void operations(String url, String codec) {
        InstanceInfo me = new EurekaConfigBasedInstanceInfoProvider(instanceConfig(codec)).get();
        me.setStatus(InstanceStatus.UP);
        EurekaHttpClient client = JerseyEurekaHttpClientFactory.newBuilder()
            .withClientName("tests")
            .withConnectionTimeout(10000).withReadTimeout(10000)
            .withMaxConnectionsPerHost(1).withMaxTotalConnections(1).withConnectionIdleTimeout(10000)
            .withEncoder(codec).withDecoder(codec, "application/json")
            .withClientIdentity(new EurekaClientIdentity("127.0.0.1"))
            .build()
            .newClient(new DefaultEndpoint(url));
        String id = me.getId();
        status(404, client.sendHeartBeat("ORDERS", id, me, null));
        status(204, client.register(me));
        status(200, client.sendHeartBeat("ORDERS", id, me, null));
        Applications all = entity(client.getApplications());
        check(all.getReconcileHashCode().equals(all.getAppsHashCode()), codec + ": hash code " + all.getAppsHashCode());
        same(me, all.getRegisteredApplications("ORDERS").getByInstanceId(id), codec + " in all");
        same(me, entity(client.getDelta()).getRegisteredApplications("ORDERS").getByInstanceId(id), codec + " in delta");
        same(me, entity(client.getApplication("ORDERS")).getByInstanceId(id), codec + " in its app");
        same(me, entity(client.getInstance("ORDERS", id)), codec + " by app and id");
        same(me, entity(client.getInstance(id)), codec + " by id");
        check(entity(client.getVip("shop")).size() == 1, codec + ": vip");
        check(entity(client.getSecureVip("orders-secure")).size() == 1, codec + ": secure vip");
        status(404, client.getVip("nobody"));
        status(404, client.getInstance("ORDERS", "nobody"));
        status(200, client.statusUpdate("ORDERS", id, InstanceStatus.OUT_OF_SERVICE, me));
        InstanceInfo away = entity(client.getInstance("ORDERS", id));
        check(away.getStatus() == InstanceStatus.OUT_OF_SERVICE, codec + ": overridden to " + away.getStatus());
        check(away.getOverriddenStatus() == InstanceStatus.OUT_OF_SERVICE, codec + ": override " + away.getOverriddenStatus());
        status(200, client.sendHeartBeat("ORDERS", id, me, InstanceStatus.OUT_OF_SERVICE));
        status(200, client.deleteStatusOverride("ORDERS", id, me));
        InstanceInfo back = entity(client.getInstance("ORDERS", id));
        check(back.getOverriddenStatus() == InstanceStatus.UNKNOWN, codec + ": override " + back.getOverriddenStatus());
        me.setIsDirty();
        status(404, client.sendHeartBeat("ORDERS", id, me, null));
        status(204, client.register(me));
        status(200, client.cancel("ORDERS", id));
        status(404, client.cancel("ORDERS", id));
        check(entity(client.getApplications()).size() == 0, codec + ": nobody left");
        check(entity(client.getDelta()).getRegisteredApplications("ORDERS").getByInstanceId(id).getActionType()
            == InstanceInfo.ActionType.DELETED, codec + ": the delta tells that it left");
    }

    /**
     * The codec for XML of Netflix's server. The client has it too, but its transport speaks JSON only; so this sends
     * by itself. (The other one, JacksonXml, does not know XStream's escapes, and would read zone_name as zone__name.)
     */
    private static void inXml(String url, String codec) throws Exception {
        InstanceInfo me = new EurekaConfigBasedInstanceInfoProvider(instanceConfig(codec)).get();
        me.setStatus(InstanceStatus.UP);
        CodecWrapper xml = CodecWrappers.getCodec(codec);
        String app = "apps/ORDERS";
        String one = app + "/" + me.getId();
        check(xmlCall("POST", url + app, xml.encode(me)).statusCode() == 204, codec + ": registered");
        Applications all = xml.decode(xmlCall("GET", url + "apps", "").body(), Applications.class);
        check(all.getReconcileHashCode().equals(all.getAppsHashCode()), codec + ": hash code " + all.getAppsHashCode());
        same(me, all.getRegisteredApplications("ORDERS").getByInstanceId(me.getId()), codec + " in all");
        Applications delta = xml.decode(xmlCall("GET", url + "apps/delta", "").body(), Applications.class);
        same(me, delta.getRegisteredApplications("ORDERS").getByInstanceId(me.getId()), codec + " in delta");
        Application orders = xml.decode(xmlCall("GET", url + app, "").body(), Application.class);
        same(me, orders.getByInstanceId(me.getId()), codec + " in its app");
        same(me, xml.decode(xmlCall("GET", url + one, "").body(), InstanceInfo.class), codec + " by app and id");
        check(xmlCall("DELETE", url + one, "").statusCode() == 200, codec + ": left");
        delta = xml.decode(xmlCall("GET", url + "apps/delta", "").body(), Applications.class);
        check(delta.getRegisteredApplications("ORDERS").getByInstanceId(me.getId()).getActionType()
            == InstanceInfo.ActionType.DELETED, codec + ": the delta tells that it left");
    }

    private static HttpResponse<String> xmlCall(String method, String url, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
            .version(HttpClient.Version.HTTP_1_1)
            .header("Accept", "application/xml").header("Content-Type", "application/xml")
            .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    /** As a service runs it: it registers, renews, sees itself, changes, and leaves by itself. */
    private static void lifetime() throws InterruptedException {
        MyDataCenterInstanceConfig config = instanceConfig("lifetime");
        ApplicationInfoManager manager =
            new ApplicationInfoManager(config, new EurekaConfigBasedInstanceInfoProvider(config).get());
        manager.setInstanceStatus(InstanceStatus.UP);
        DiscoveryClient client = new DiscoveryClient(manager, new DefaultEurekaClientConfig());
        until(() -> client.getInstancesByVipAddress("shop", false).size() == 1, "it sees itself");
        manager.setInstanceStatus(InstanceStatus.DOWN);
        until(() -> client.getInstanceRemoteStatus() == InstanceStatus.DOWN, "it sees that it is down");
        manager.setInstanceStatus(InstanceStatus.UP);
        until(() -> client.getInstanceRemoteStatus() == InstanceStatus.UP, "it sees that it is up again");
        client.shutdown();
    }

    private static void until(BooleanSupplier condition, String what) throws InterruptedException {
        for (int tries = 0; !condition.getAsBoolean(); tries++) {
            check(tries < 300, what);
            Thread.sleep(100);
        }
    }

    private static void same(InstanceInfo sent, InstanceInfo got, String where) {
        check(got != null, where + ": found");
        check(got.getId().equals(sent.getId()) && got.getAppName().equals("ORDERS"), where + ": its names");
        check(got.getPort() == 8080 && got.getIPAddr().equals("127.0.0.1"), where + ": its address");
        check(got.getStatus() == InstanceStatus.UP, where + ": its status " + got.getStatus());
        check(got.getMetadata().equals(sent.getMetadata()), where + ": its metadata " + got.getMetadata());
        check(got.getLeaseInfo().getDurationInSecs() == 60, where + ": its lease");
        check(got.getHomePageUrl().equals(sent.getHomePageUrl()), where + ": its page");
        check(got.getLastDirtyTimestamp().equals(sent.getLastDirtyTimestamp()), where + ": when it changed");
    }

    private static void status(int expected, EurekaHttpResponse<?> answer) {
        check(answer.getStatusCode() == expected, "expected " + expected + ", got " + answer.getStatusCode());
    }

    private static <T> T entity(EurekaHttpResponse<T> answer) {
        status(200, answer);
        return answer.getEntity();
    }

    private static void check(boolean holds, String what) {
        System.out.println((holds ? "ok " : "NOT ") + what);
        if (!holds) {
            System.exit(1);
        }
    }
}
