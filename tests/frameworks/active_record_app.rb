# The application in ActiveRecord: controllers say who asks, dependent: :destroy and relations delete.
require "active_record"
require "action_controller"
require "json"

ActiveRecord::Base.establish_connection(adapter: "postgresql", database: ENV.fetch("PGDATABASE"))

# [recipe]
module DeletedBy
  def self.included(controller)
    controller.around_action :say_who
  end

  private

  def say_who
    ActiveRecord::Base.transaction do
      ActiveRecord::Base.connection.execute(
        ActiveRecord::Base.sanitize_sql(["SELECT set_config('trashd.by', ?, true)", current_user]))
      yield
    end
  end
end
# [/recipe]

class Client < ActiveRecord::Base
  has_many :projects, dependent: :destroy
end

class Project < ActiveRecord::Base
  belongs_to :client
  has_many :tasks, dependent: :destroy
  has_many :time_records, dependent: :destroy
  has_many :comments, as: :subject, dependent: :destroy
end

class Task < ActiveRecord::Base
  belongs_to :project
  belongs_to :parent, class_name: "Task", optional: true
  has_many :children, class_name: "Task", foreign_key: :parent_id, dependent: :destroy
  has_many :time_records, dependent: :nullify
  has_many :comments, as: :subject, dependent: :destroy
  has_and_belongs_to_many :tags
end

class TimeRecord < ActiveRecord::Base
  belongs_to :project
  belongs_to :task, optional: true
end

class Tag < ActiveRecord::Base
end

class Comment < ActiveRecord::Base
  belongs_to :subject, polymorphic: true
end

class Invoice < ActiveRecord::Base
  belongs_to :client
end

class ClientsController < ActionController::API
  include DeletedBy

  def current_user
    request.headers["From"]
  end

  def destroy
    render json: { deleted: Client.find(params[:id]).destroy }
  end

  def fail
    Client.find(params[:id]).destroy
    raise "#{Client.count} clients after the delete"
  end
end

def ask(action, who)
  environment = Rack::MockRequest.env_for("/", method: "DELETE", params: { id: 1 }, "HTTP_FROM" => who)
  status, _, body = ClientsController.action(action).call(environment)
  text = +""
  body.each { |part| text << part }
  [status, text]
end

STEPS = {}

STEPS["make"] = lambda do
  ActiveRecord::Schema.verbose = false
  ActiveRecord::Schema.define do
    create_table(:clients) { |t| t.string :name }
    create_table(:projects) { |t| t.references :client, null: false, foreign_key: true; t.string :name }
    create_table(:tasks) do |t|
      t.references :project, null: false, foreign_key: true
      t.references :parent, foreign_key: { to_table: :tasks }
      t.string :name
      t.timestamp :due
      t.timestamps
    end
    create_table(:time_records) do |t|
      t.references :project, null: false, foreign_key: true
      t.references :task, foreign_key: true
      t.float :hours
    end
    create_table(:tags) { |t| t.string :word }
    create_join_table(:tags, :tasks) { |t| t.foreign_key :tags; t.foreign_key :tasks }
    create_table(:comments) { |t| t.references :subject, polymorphic: true; t.text :text }
    create_table(:invoices) { |t| t.references :client, null: false, foreign_key: true; t.decimal :amount, precision: 10, scale: 2 }
  end
end

def add_project(client, p, tags)
  project = client.projects.create!(name: "project #{p + 1}")
  project.comments.create!(text: "to project #{p + 1}")
  project.time_records.create!(hours: p)
  above = nil
  4.times do |n|
    above = project.tasks.create!(name: "task #{p} #{n}", parent: [1, 2].include?(n) ? above : nil,
                                  tags: tags[n % 2, 2], due: Time.utc(2026, 1, n + 1, 3, 4, 5.678901r))
    above.comments.create!(text: "to task #{p} #{n}")
    [3, 7].each { |part| above.time_records.create!(project: project, hours: n.to_f / part) }
  end
  project
end

STEPS["fill"] = lambda do
  clients = ["Nord & Söhne", "South", "East"].map { |name| Client.create!(name: name) }
  tags = %w[red green blue].map { |word| Tag.create!(word: word) }
  projects = (0...6).map { |p| add_project(clients[p / 2], p, tags) }
  TimeRecord.create!(project: projects[4], task: projects[0].tasks.first, hours: 0.1)
  Invoice.create!(client: clients[2], amount: "12.50")
  nil
end

STEPS["object"] = ->(who) { ask(:destroy, who) }
STEPS["rollback"] = ->(who) { ask(:fail, who) }
STEPS["query"] = -> { TimeRecord.where(project_id: 3).delete_all }

STEPS["savepoint"] = lambda do
  Project.transaction do
    Project.transaction(requires_new: true) do
      Project.find(3).destroy
      raise ActiveRecord::Rollback
    end
    Project.find(4).destroy.destroyed?
  end
end

STEPS["unrelated"] = lambda do
  Project.transaction { [Project.find(3).destroy.destroyed?, Client.find(1).destroy.destroyed?] }
end

STEPS["refused"] = -> { Client.find(3).destroy }

$stdout.sync = true
$stdin.each_line do |line|
  name, *arguments = line.split
  told = begin
    STEPS.fetch(name).call(*arguments)
  rescue StandardError => error # the application's users would see it
    { error: "#{error.class}: #{error.message}" }
  end
  puts JSON.generate(told)
end
