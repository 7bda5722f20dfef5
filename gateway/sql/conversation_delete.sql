-- $1 conversation, $2 its owner -> its id; with it go its turns, contexts and outbox
DELETE FROM conversations WHERE id = $1::uuid AND user_id = $2::uuid RETURNING id
