import java.io.InputStream;
import java.net.URI;
import java.util.List;
import org.apache.http.HttpHost;
import org.apache.http.conn.params.ConnRoutePNames;
import org.apache.olingo.client.api.ODataClient;
import org.apache.olingo.client.api.communication.ODataClientErrorException;
import org.apache.olingo.client.api.domain.ClientEntity;
import org.apache.olingo.client.api.domain.ClientEntitySet;
import org.apache.olingo.client.core.ODataClientFactory;
import org.apache.olingo.client.core.http.DefaultHttpClientFactory;
import org.apache.olingo.commons.api.edm.Edm;
import org.apache.olingo.commons.api.edm.EdmEntityContainer;
import org.apache.olingo.commons.api.edm.EdmEntitySet;
import org.apache.olingo.commons.api.edm.EdmEntityType;
import org.apache.olingo.commons.api.edm.EdmNavigationProperty;
import org.apache.olingo.commons.api.edm.EdmSchema;
import org.apache.olingo.commons.api.format.ContentType;
import org.apache.olingo.commons.api.http.HttpMethod;

/** java Olingo.java METADATA-ROOT ROOT TOKEN SET KEY NAME NAVIGATION: metadata, then a row's life, by Apache Olingo's client alone. */
public class Olingo {
  public static void main(String[] args) throws Exception {
    final String service = args[0];
    final String root = args[1];
    final String token = args[2];
    final String set = args[3];
    final String key = args[4];
    final String name = args[5];
    final String navigation = args[6];
    final URI vocabularies = URI.create(System.getenv("VOCABULARIES"));
    final ODataClient client = ODataClientFactory.getClient();
    client.getConfiguration().setHttpClientFactory(new DefaultHttpClientFactory() {
      @Override
      public org.apache.http.impl.client.DefaultHttpClient create(final HttpMethod method, final URI uri) {
        final org.apache.http.impl.client.DefaultHttpClient made = super.create(method, uri);
        // The vocabulary that the document refers to is not the simulator's: whoever has it stands in for its host.
        if (uri.getHost().equals("vocabularies.odata.org"))
          made.getParams().setParameter(ConnRoutePNames.DEFAULT_PROXY, new HttpHost(vocabularies.getHost(), vocabularies.getPort()));
        else made.addRequestInterceptor((request, context) -> request.setHeader("Authorization", "Bearer " + token));
        return made;
      }
    });
    client.getConfiguration().setDefaultPubFormat(ContentType.JSON);

    final Edm edm = client.getRetrieveRequestFactory().getMetadataRequest(service).execute().getBody();
    int types = 0;
    int navigations = 0;
    for (final EdmSchema schema : edm.getSchemas()) {
      if (!schema.getNamespace().startsWith("Microsoft.")) continue;
      for (final EdmEntityType type : schema.getEntityTypes()) {
        types += 1;
        for (final String property : type.getPropertyNames()) require(type.getStructuralProperty(property).getType());
        for (final String property : type.getNavigationPropertyNames()) {
          final EdmNavigationProperty found = type.getNavigationProperty(property);
          require(found.getType());
          if (found.getPartner() != null) require(found.getPartner());
          navigations += 1;
        }
      }
      schema.getActions().forEach(action -> action.getParameterNames().forEach(parameter -> require(action.getParameter(parameter).getType())));
      schema.getFunctions().forEach(function -> require(function.getReturnType().getType()));
      schema.getComplexTypes().forEach(type -> type.getPropertyNames().forEach(property -> require(type.getStructuralProperty(property).getType())));
    }
    final EdmEntityContainer container = edm.getEntityContainer();
    for (final EdmEntitySet one : container.getEntitySets()) {
      require(one.getEntityType());
      one.getNavigationPropertyBindings().forEach(binding -> require(container.getEntitySet(binding.getTarget())));
    }

    final URI all = client.newURIBuilder(root).appendEntitySetSegment(set).select(key, name).top(3).build();
    final ClientEntitySet rows = client.getRetrieveRequestFactory().getEntitySetRequest(all).execute().getBody();
    check(rows.getEntities().size() == 3, "three rows");
    final ClientEntity fresh = client.getObjectFactory().newEntity(edm.getEntityContainer().getEntitySet(set).getEntityType().getFullQualifiedName());
    fresh.getProperties().add(client.getObjectFactory().newPrimitiveProperty(name, client.getObjectFactory().newPrimitiveValueBuilder().buildString("By Olingo")));
    final ClientEntity made = create(client, client.newURIBuilder(root).appendEntitySetSegment(set).build(), fresh);
    final URI found = client.newURIBuilder(root).appendEntitySetSegment(set).filter(name + " eq 'By Olingo'").expand(navigation).build();
    final List<ClientEntity> mine = client.getRetrieveRequestFactory().getEntitySetRequest(found).execute().getBody().getEntities();
    check(mine.size() == 1, "the row that was made, found by its name");
    final String id = mine.get(0).getProperty(key).getPrimitiveValue().toString();
    final String etag = mine.get(0).getETag();
    check(etag != null, "an etag");
    final URI own = URI.create(root + "/" + set + "(" + id + ")");
    final ClientEntity changed = client.getObjectFactory().newEntity(fresh.getTypeName());
    changed.getProperties().add(client.getObjectFactory().newPrimitiveProperty(name, client.getObjectFactory().newPrimitiveValueBuilder().buildString("Changed")));
    final var patch = client.getCUDRequestFactory().getEntityUpdateRequest(own, org.apache.olingo.client.api.communication.request.cud.UpdateType.PATCH, changed);
    patch.setIfMatch(etag);
    check(patch.execute().getStatusCode() / 100 == 2, "an update");
    check("Changed".equals(client.getRetrieveRequestFactory().getEntityRequest(own).execute().getBody().getProperty(name).getPrimitiveValue().toString()), "the new name");
    final var remove = client.getCUDRequestFactory().getDeleteRequest(own);
    remove.setIfMatch("*");
    check(remove.execute().getStatusCode() == 204, "a delete");
    try {
      client.getRetrieveRequestFactory().getEntityRequest(own).execute();
      throw new AssertionError("the row is there after it was deleted");
    } catch (final ODataClientErrorException error) {
      check(error.getStatusLine().getStatusCode() == 404 && error.getODataError().getMessage() != null, "404 with a message");
    }
    System.out.println(types + " types, " + navigations + " navigations: all done");
  }

  private static ClientEntity create(final ODataClient client, final URI uri, final ClientEntity entity) {
    final var answer = client.getCUDRequestFactory().getEntityCreateRequest(uri, entity).execute();
    check(answer.getStatusCode() == 201 || answer.getStatusCode() == 204, "a row is made");
    return entity;
  }

  private static void require(final Object found) {
    check(found != null, "what the document refers to");
  }

  private static void check(final boolean holds, final String what) {
    if (!holds) throw new AssertionError("missing: " + what);
  }
}
