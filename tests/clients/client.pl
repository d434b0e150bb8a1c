# What a program does with the client that OpenAPI::Client makes of the document of its database.
# It refuses by itself what the document does not allow. Usage: client.pl DOCUMENT BASE KEY
use strict;
use warnings;
use JSON::Validator::Schema;
use OpenAPI::Client;

# The library remembers what it has checked by addresses in memory, also those of schemas it has freed since:
# now and then it refuses a valid document. A document without circles needs no such memory.
$_->attr(recursive_data_protection => 0) for qw(JSON::Validator JSON::Validator::Schema);

my ($document, $base, $key) = @ARGV;
my $client = OpenAPI::Client->new("file://$document", base_url => $base);
$client->ua->on(start => sub { $_[1]->req->headers->header('X-API-Key' => $key) });
my $faults = 0;

sub expect {
  my ($what, $got, $wanted) = @_;
  return if ($got // 'nothing') eq $wanted;
  print "$what: ", $got // 'nothing', " where $wanted was expected\n";
  $faults++;
}

my $films = $client->listObjectsInCatalogFilms({limit => 2, sort => 'film_id'})->res->json;
expect(titles => join('|', map { $_->{title} } @$films), 'ACADEMY DINOSAUR|ACE GOLDFINGER');
expect(film => $client->getObjectInCatalogFilms({id => 1})->res->json('/rating'), 'PG');
expect('no number' => $client->getObjectInCatalogFilms({id => 'one'})->error->{message}, 'Invalid input');

my $cast = {actor_id => 1, film_id => 23};
expect(cast => $client->getObjectInCatalogCast($cast)->res->json('/film_id'), 23);
expect(deleted => $client->deleteObjectInCatalogCast($cast)->res->code, 204);
expect(gone => $client->getObjectInCatalogCast($cast)->res->json('/code'), 'in-trash');
my $items = $client->listTrash({resource => ['catalog/cast']})->res->json;
expect(trash => $items->[0]{deletedObjectId}, '1,23');
my %item = (trashItemId => $items->[0]{id});
my $away = $client->restoreTrashItem({%item}, json => {otherwise => 'throw-away'});
expect('no choice' => $away->error->{message}, 'Invalid input');
my $choices = {only => [$items->[0]{id}], otherwise => 'detach'};
my $restored = $client->restoreTrashItem({%item}, json => $choices)->res->json;
expect(restored => $restored->{restored}, 1);
expect(back => $client->getObjectInCatalogCast($cast)->res->code, 200);

my $shelf = {shop => 'west', code => '7', kind => 'wall'};
expect(made => $client->createObjectsInStockShelves({}, json => $shelf)->res->code, 201);
my %one = (shop => 'west', code => '7');
my $changed = $client->patchObjectInStockShelves({%one}, json => {kind => 'table'})->res->json;
expect(changed => $changed->{kind}, 'table');
my $wrong = $client->patchObjectInStockShelves({%one}, json => {kind => 'floor'});
expect('no kind' => $wrong->error->{message}, 'Invalid input');
my $again = $client->createObjectsInStockShelves({}, json => $shelf)->res->json;
expect(taken => $again->{code}, 'conflict');
my $refused = $client->deleteObjectInCatalogFilms({id => 2})->res->json;
expect(refused => $refused->{code}, 'has-dependents');
exit($faults ? 1 : 0);
